/** The few parts of DER (ITU-T X.690) that a certificate is made of: each function encodes one value. */

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => encode(TAGS.sequence, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => encode(TAGS.set, ...contents);
export const octetString = (content: Uint8Array): Buffer => encode(TAGS.octetString, content);
export const utf8String = (text: string): Buffer => encode(TAGS.utf8String, Buffer.from(text));
export const truth = (): Buffer => encode(TAGS.boolean, Buffer.from([0xff]));

/** @param bytes big-endian, not negative: the first bit is 0 */
export const integer = (bytes: Uint8Array): Buffer => encode(TAGS.integer, bytes);

/** @param unused bits at the end of the last byte that do not count */
export const bitString = (bytes: Uint8Array, unused = 0): Buffer =>
  encode(TAGS.bitString, Buffer.from([unused]), bytes);

/** @param dotted e.g. `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...others].flatMap((arc) => {
    const base128 = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
      base128.unshift(0x80 | (rest % 128));
    }
    return base128;
  });
  return encode(TAGS.objectIdentifier, Buffer.from(octets));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on, as certificates must have them (RFC 5280, 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+|[-:T]/g, '');
  const early = date.getUTCFullYear() < 2050;
  return encode(early ? TAGS.utcTime : TAGS.generalizedTime, Buffer.from(early ? digits.slice(2) : digits));
}

/** `[number]` around whole values (explicit), or in place of a value's own tag (implicit, primitive). */
export const explicit = (number: number, ...contents: readonly Uint8Array[]): Buffer =>
  encode(0xa0 | number, ...contents);
export const implicit = (number: number, content: Uint8Array): Buffer => encode(0x80 | number, content);
