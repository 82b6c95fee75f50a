import { isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inIpv6, isLinkLocal, isLoopback } from './link-local.ts';
import { endpointRefusal } from './store-endpoint.ts';

const octet = fc.integer({ min: 0, max: 255 });
const group = fc.integer({ min: 0, max: 0xffff });
type Four = readonly [number, number, number, number];

/** Link-local by the reading of the addresses' standards, not of the table that is tested. */
const isOurs = ([a, b, c, d]: Four): boolean =>
  (a === 169 && b === 254) ||
  ['100.100.100.200', '192.0.0.192', '168.63.129.16'].includes([a, b, c, d].join('.'));
const four: fc.Arbitrary<Four> = fc.oneof(
  fc.tuple(octet, octet, octet, octet),
  fc.tuple(fc.constant(169), fc.integer({ min: 253, max: 255 }), octet, octet),
  fc.constantFrom<Four>([100, 100, 100, 200], [192, 0, 0, 192], [168, 63, 129, 16], [100, 100, 100, 201]),
);

/** What `inet_aton` and browsers take for an address. */
const spellings: readonly ((four: Four) => string)[] = [
  (all) => all.join('.'),
  (all) => all.map((part) => `0x${part.toString(16)}`).join('.'),
  (all) => all.map((part) => `0${part.toString(8)}`).join('.'),
  ([a, b, c, d]) => String(((a * 256 + b) * 256 + c) * 256 + d),
  ([a, b, c, d]) => `0X${(((a * 256 + b) * 256 + c) * 256 + d).toString(16).toUpperCase()}`,
  ([a, b, c, d]) => `${a}.${(b * 256 + c) * 256 + d}`,
  ([a, b, c, d]) => `0${a.toString(8)}.0x${b.toString(16)}.${c * 256 + d}.`,
  // In full width, as they are typed in Japan.
  (all) => all.join('。').replace(/[0-9]/gu, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0)),
];

const hex = (high: number, low: number): string => (high * 256 + low).toString(16);
const inIpv6Words: readonly ((four: Four) => string)[] = [
  (all) => `::ffff:${all.join('.')}`,
  ([a, b, c, d]) => `::ffff:${hex(a, b)}:${hex(c, d)}`,
  ([a, b, c, d]) => `0:0:0000:0:0:FFFF:${hex(a, b).toUpperCase()}:${hex(c, d)}`,
  ([a, b, c, d]) => `64:ff9b::${hex(a, b)}:${hex(c, d)}`,
  (all) => `64:ff9b:1::${all.join('.')}`,
  ([a, b, c, d]) => `64:ff9b:1:${hex(a, b)}:${hex(0, c)}:${hex(d, 0)}::`,
  ([a, b, c, d]) => `2002:${hex(a, b)}:${hex(c, d)}::1`,
  ([a, b, c, d]) => `::ffff:0:${hex(a, b)}:${hex(c, d)}`,
];

describe('link-local addresses', () => {
  it('of IPv4 are recognised in every spelling that a URL allows', () => {
    fc.assert(
      fc.property(four, fc.constantFrom(...spellings), (address, spell) => {
        const refusal = endpointRefusal(`https://${spell(address)}:9000`, {});
        expect(refusal).toBe(isOurs(address) ? 'linkLocal' : undefined);
      }),
    );
  });

  it('of IPv4 are recognised when embedded in IPv6 addresses', () => {
    fc.assert(
      fc.property(four, fc.constantFrom(...inIpv6Words), (address, spell) => {
        const text = spell(address);
        expect([text, isIP(text), isLinkLocal(text)]).toEqual([text, 6, isOurs(address)]);
        expect(endpointRefusal(`https://[${text}]/`, {})).toBe(isOurs(address) ? 'linkLocal' : undefined);
      }),
    );
  });

  it('of IPv6 are recognised with and without a zone, and other addresses are not', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.boolean(), (groups, ours) => {
        const first = ours ? 0xfe80 | (groups[0]! & 0x3f) : 0x2600 | (groups[0]! & 0xff);
        const text = [first, ...groups.slice(1)].map((one) => one.toString(16)).join(':');
        expect([isLinkLocal(text), isLinkLocal(`${text}%eth0`)]).toEqual([ours, ours]);
      }),
    );
  });

  it.each([
    ['fd00:ec2::254', true],
    ['fd00:ec2::23', true],
    ['fd20:ce::254', true],
    ['fd20:ce::255', false],
    ['fd00::5', false],
    ['fec0::1', false],
    ['10.1.2.3', false],
    ['store.example.org', false],
    ['', false],
  ])('are distinguished from others: %s (%s)', (address, expected) =>
    expect(isLinkLocal(address)).toBe(expected),
  );

  it('of IPv4 are blocks of the right length in IPv6', () => {
    expect(inIpv6({ network: '169.254.0.0', length: 16 })).toEqual([
      { network: '::a9fe:0', length: 112 },
      { network: '::ffff:0:a9fe:0', length: 112 },
      { network: '64:ff9b::a9fe:0', length: 112 },
      { network: '64:ff9b:1::a9fe:0', length: 112 },
      { network: '64:ff9b:1:a9fe:0:0::', length: 64 },
      { network: '2002:a9fe:0::', length: 32 },
    ]);
  });
});

describe('endpoints without encryption', () => {
  it.each([
    ['http://localhost:9000', undefined],
    ['http://LOCALHOST.', undefined],
    ['http://127.0.0.1', undefined],
    ['http://127.1:9000', undefined],
    ['http://[::1]:9000', undefined],
    ['http://[::ffff:127.0.0.1]', undefined],
    ['http://localhost.example.org', 'insecure'],
    ['http://127.0.0.1.example.org', 'insecure'],
    ['http://user@10.0.0.1', 'insecure'],
    ['http://127.0.0.1@10.0.0.1', 'insecure'],
    ['http://0.0.0.0', 'insecure'],
    ['HTTP://minio:9000', 'insecure'],
    ['https://minio', undefined],
    ['minio', undefined],
  ] as const)('are refused unless they are loopback: %s (%s)', (endpoint, expected) => {
    expect(endpointRefusal(endpoint, {})).toBe(expected);
    expect(endpointRefusal(endpoint, { insecure: true })).toBeUndefined();
  });

  it('need both permissions at a link-local address', () => {
    const endpoint = 'http://169.254.1.1';
    const all = [{}, { insecure: true }, { linkLocal: true }, { insecure: true, linkLocal: true }];
    expect(all.map((permissions) => endpointRefusal(endpoint, permissions))).toEqual([
      'linkLocal',
      'linkLocal',
      'insecure',
      undefined,
    ]);
  });

  it('are loopback in 127.0.0.0/8 and at ::1 only', () => {
    fc.assert(
      fc.property(octet, octet, octet, octet, (...all) => {
        expect(isLoopback(all.join('.'))).toBe(all[0] === 127);
      }),
    );
    expect(isLoopback('::2')).toBe(false);
  });
});
