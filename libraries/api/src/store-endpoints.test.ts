import { endpointRefusal } from '@wsi-operator/foundation';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from './schema/node.ts';
import { classificationJob, withFields } from './testing/manifests.ts';
import { validate } from './validate.ts';

function faultsOf(changes: Readonly<Record<string, Json>>): { path: string; problem: string }[] {
  const { problems = [] } = validate(withFields(classificationJob, changes));
  return problems.map(({ path, problem }) => ({ path, problem }));
}

const octet = fc.integer({ min: 0, max: 255 });
const group = fc.integer({ min: 0, max: 0xffff });
const spelled = (value: number, width: number, upper: boolean): string => {
  const text = value.toString(16).padStart(width, '0');
  return upper ? text.toUpperCase() : text;
};
const width = fc.integer({ min: 1, max: 4 });

const four = fc.oneof(
  fc.tuple(octet, octet, octet, octet),
  fc.tuple(fc.constant(169), fc.integer({ min: 253, max: 255 }), octet, octet),
  fc.tuple(fc.constantFrom(127, 126), octet, octet, octet),
  fc.constantFrom([100, 100, 100, 200], [192, 0, 0, 192], [168, 63, 129, 16], [100, 100, 100, 20]),
);
const six = fc.oneof(
  fc.array(group, { minLength: 8, maxLength: 8 }),
  fc.tuple(fc.integer({ min: 0xfe00, max: 0xfeff }), ...Array.from({ length: 7 }, () => group)),
  fc.tuple(fc.constant(0xfd00), fc.constantFrom(0xec2, 0xec3), ...Array.from({ length: 6 }, () => group)),
  // Those of IPv4 in the words of IPv6.
  fc
    .tuple(
      four,
      fc.constantFrom([0, 0, 0, 0, 0, 0xffff], [0x64, 0xff9b, 0, 0, 0, 0], [0x64, 0xff9b, 1, 0, 0, 0]),
    )
    .map(([[a = 0, b = 0, c = 0, d = 0], prefix]) => [...prefix, a * 256 + b, c * 256 + d]),
);
const host = fc.oneof(
  four.map((all) => all.join('.')),
  fc
    .tuple(six, width, fc.boolean(), fc.boolean())
    .map(([groups, digits, upper, compressed]) => bracketed(groups, { digits, upper, compressed })),
);

/** With leading zeros or none, in either case, and with the first row of zeros left out or not. */
function bracketed(
  groups: readonly number[],
  { digits, upper, compressed }: { digits: number; upper: boolean; compressed: boolean },
): string {
  const text = groups.map((one) => spelled(one, digits, upper)).join(':');
  const row = /(^|:)0+(:0+)+(:|$)/u;
  return `[${compressed ? text.replace(row, '::') : text}]`;
}

describe('the endpoint of a store', () => {
  it('is judged alike by the rules and by the client, however it is spelled', () => {
    fc.assert(
      fc.property(
        host,
        fc.constantFrom('http', 'https'),
        fc.boolean(),
        fc.boolean(),
        (name, scheme, a, b) => {
          const endpoint = `${scheme}://${name}:9000`;
          const allowed = { insecure: a, linkLocal: b };
          const faults = faultsOf({ 'spec.cohort.s3': { endpoint, ...allowed } });
          const refusal = endpointRefusal(endpoint, allowed);
          const said = faults.map(
            ({ problem }) => /(insecure|linkLocal) is true/u.exec(problem)?.[1] ?? problem,
          );
          // Where both are missing, the rules report both.
          expect([endpoint, refusal === undefined ? said : said.at(-1)]).toEqual([endpoint, refusal ?? []]);
        },
      ),
      { numRuns: 300 },
    );
  });

  const stored = { 'spec.cohort.slides': 's3://cohorts/lung' };
  const template = (name: string, value: string): Json => [
    { name: 'beside', image: 'x', env: [{ name, value: 'http://169.254.169.254' }] },
    { name: 'trainer', env: [{ name, value }] },
  ];

  it.each(['coordinator', 'workers'])('is also checked in the template of %s', (role) => {
    const path = `spec.${role}.template.spec.containers`;
    for (const name of ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL']) {
      const insecure = { ...stored, [path]: template(name, 'http://minio.storage.svc:9000') };
      expect(faultsOf(insecure)).toEqual([{ path, problem: expect.stringContaining('http://') }]);
      expect(faultsOf({ ...insecure, 'spec.cohort.s3': { insecure: true } })).toEqual([]);
      // What is on disk is not read from there, and what the job names goes before.
      expect(faultsOf({ [path]: template(name, 'http://minio.storage.svc:9000') })).toEqual([]);
      const named = { ...insecure, 'spec.cohort.s3': { endpoint: 'https://s3.example.org' } };
      expect(faultsOf(named)).toEqual([]);
      const local = { ...stored, [path]: template(name, 'https://0xa9fea9fe') };
      expect(faultsOf(local)).toEqual([{ path, problem: expect.stringContaining('link-local') }]);
      expect(faultsOf({ ...local, 'spec.cohort.s3': { linkLocal: true } })).toEqual([]);
    }
    expect(faultsOf({ ...stored, [path]: template('AWS_ENDPOINT_URL', '$(STORE)') })).toEqual([]);
  });
});

describe('the cohort of a stored job', () => {
  const base = { 'spec.cohort.table': 's3://cohorts/lung.csv', 'spec.cohort.slides': 's3://cohorts/lung' };
  const old = withFields(classificationJob, {
    ...base,
    'spec.cohort.s3': { endpoint: 'http://minio.storage.svc:9000' },
  });
  const changed = (changes: Readonly<Record<string, Json | undefined>>): string[] =>
    (validate(withFields(old, changes), { old }).problems ?? []).map(({ path }) => path);

  it('may have its store allowed or moved if it predates the rule', () => {
    expect(changed({})).toEqual(['spec.cohort.s3.endpoint']);
    expect(changed({ 'spec.cohort.s3.insecure': true })).toEqual([]);
    expect(changed({ 'spec.cohort.s3': { endpoint: 'https://minio.storage.svc' } })).toEqual([]);
    expect(changed({ 'spec.cohort.s3': undefined })).toEqual([]);
  });

  it.each([
    ['table', 's3://cohorts/other.csv'],
    ['slides', 's3://others'],
    ['bag', 'slide'],
    ['patientColumn', 'case'],
    ['outcome.column', 'grade'],
    ['split', { test: 0.5 }],
    ['missing', { words: ['x'] }],
    ['duplicateSlides', 'allow'],
    ['unreadableSlides', 'skip'],
  ])('may not change its %s at the same time', (field, value) => {
    expect(changed({ 'spec.cohort.s3.insecure': true, [`spec.cohort.${field}`]: value })).toEqual([
      'spec.cohort',
    ]);
  });
});
