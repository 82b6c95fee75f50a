/**
 * Inputs made of others: bytes and numbers changed, pieces cut, repeated and put in from elsewhere, words of the language.
 * The choices are fast-check's, so that an input can be reproduced from its seed.
 */
import fc from 'fast-check';

const LONGEST_INPUT = 2 ** 20;
/** Numbers at the edges of their types, and such as become others when they are multiplied. */
const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  16,
  255,
  256,
  4096,
  32_767,
  32_768,
  65_535,
  65_536,
  2 ** 24,
  2 ** 30,
] as const;
const WIDE = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 52, 2 ** 53, 2 ** 62, 2 ** 63] as const;

export type Edit = (input: Buffer, others: readonly Buffer[], words: readonly string[]) => Buffer;

/** A place in the input, as a part of its length. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

function at(input: Buffer, where: number): number {
  return Math.floor(where * (input.length + 1));
}

function replaced(input: Buffer, start: number, end: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, start), by, input.subarray(Math.max(start, end))]);
}

const changedByte = fc.tuple(place, fc.nat(255)).map(([where, value]): Edit => {
  return (input) => {
    const position = at(input, where);
    return replaced(input, position, position + 1, Buffer.from([value]));
  };
});

/** Sizes, counts and offsets, in either byte order. */
const changedNumber = fc
  .tuple(place, fc.constantFrom(...EDGES, ...WIDE), fc.constantFrom(2, 4, 8), fc.boolean())
  .map(([where, value, bytes, little]): Edit => {
    const number = Buffer.alloc(8);
    if (little) number.writeBigUInt64LE(BigInt(value));
    else number.writeBigUInt64BE(BigInt(value));
    const written = little ? number.subarray(0, bytes) : number.subarray(8 - bytes);
    return (input) => replaced(input, at(input, where), at(input, where) + bytes, written);
  });

const cut = fc.tuple(place, place).map(([from, length]): Edit => {
  return (input) => {
    const start = at(input, from);
    return replaced(input, start, start + Math.ceil((input.length - start) * length ** 3), Buffer.alloc(0));
  };
});

const repeated = fc
  .tuple(place, fc.integer({ min: 1, max: 64 }), fc.integer({ min: 2, max: 300 }))
  .map(([where, length, times]): Edit => (input) => {
    const start = at(input, where);
    const piece = input.subarray(start, start + length);
    return replaced(input, start, start, Buffer.concat(Array.from({ length: times }, () => piece)));
  });

const joined = fc.tuple(place, place, fc.nat()).map(([where, from, which]): Edit => {
  return (input, others) => {
    const other = others[which % Math.max(1, others.length)] ?? input;
    return Buffer.concat([input.subarray(0, at(input, where)), other.subarray(at(other, from))]);
  };
});

const word = fc
  .tuple(place, fc.nat(), fc.constantFrom(1, 1, 1, 2, 70, 5000), fc.nat(12))
  .map(([where, which, times, over]): Edit => {
    return (input, _, words) => {
      const chosen = words[which % Math.max(1, words.length)] ?? '';
      const start = at(input, where);
      return replaced(input, start, start + over, Buffer.from(chosen.repeat(times)));
    };
  });

/** Some edits of one input, one after the other. */
export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.oneof(changedByte, changedNumber, cut, repeated, joined, word),
  { minLength: 1, maxLength: 5 },
);

export function mutated(
  input: Buffer,
  applied: readonly Edit[],
  others: readonly Buffer[],
  words: readonly string[],
): Buffer {
  return applied.reduce((so, edit) => edit(so, others, words).subarray(0, LONGEST_INPUT), input);
}
