/**
 * Addresses that lead to this machine's own link and no further. Clouds have their metadata services there, which give
 * credentials to whoever asks; some have chosen other addresses for them, which are counted among these.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

interface Block {
  readonly network: string;
  /** Bits of the network that count. */
  readonly length: number;
}

const block = (network: string, length: number): Block => ({ network, length });

/** Of IPv4. */
export const LINK_LOCAL_IPV4: readonly Block[] = [
  block('169.254.0.0', 16),
  // Metadata of Alibaba, Oracle (classic) and Azure (its wire server).
  block('100.100.100.200', 32),
  block('192.0.0.192', 32),
  block('168.63.129.16', 32),
];

/** Of IPv6 itself; those of IPv4 have spellings in it, too. */
export const LINK_LOCAL_IPV6: readonly Block[] = [
  block('fe80::', 10),
  // Services of Amazon's machines: metadata at ::254, credentials of pods at ::23; and Google's metadata.
  block('fd00:ec2::', 32),
  block('fd20:ce::254', 128),
];

const known = new BlockList();
for (const { network, length } of LINK_LOCAL_IPV4) {
  // Node itself takes ::ffff:a.b.c.d for a.b.c.d.
  known.addSubnet(network, length, 'ipv4');
  for (const block of inIpv6({ network, length })) known.addSubnet(block.network, block.length, 'ipv6');
}
for (const { network, length } of LINK_LOCAL_IPV6) known.addSubnet(network, length, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * The same block as routers and translators (NAT64 with either of its prefixes, 6to4, SIIT) write it in IPv6.
 * https://www.rfc-editor.org/rfc/rfc6052, rfc8215, rfc3056, rfc7915
 */
export function inIpv6({ network, length }: Block): Block[] {
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number);
  const low = `${hex(a, b)}:${hex(c, d)}`;
  const last = ['::', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'].map((prefix) =>
    block(`${prefix}${low}`, 96 + length),
  );
  // A prefix of 48 bits has the address around its bits 64 to 71, which are 0.
  const around = block(
    `64:ff9b:1:${hex(a, b)}:${hex(0, c)}:${hex(d, 0)}::`,
    48 + length + (length > 16 ? 8 : 0),
  );
  return [...last, around, block(`2002:${low}::`, 16 + length)];
}

function hex(high: number, low: number): string {
  return (high * 256 + low).toString(16);
}

/** Of an address in any spelling that a socket takes; false for what is none. */
export function isLinkLocal(address: string): boolean {
  return isIn(known, address);
}

/** Of an address, or of the name `localhost`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || isIn(loopback, host);
}

function isIn(blocks: BlockList, address: string): boolean {
  // The zone (`fe80::1%eth0`) says which link, not which address.
  const [plain = ''] = address.split('%');
  return isIP(plain) !== 0 && blocks.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
}
