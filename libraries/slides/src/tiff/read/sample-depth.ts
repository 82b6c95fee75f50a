/**
 * How many bits of a sample are used. Cameras of 10 to 14 bits write words of 16 with the upper bits empty, and so do
 * programs that widen 8 bits; shown as they are, such slides are nearly black, and taken for not scanned.
 */
import type { TiffDirectory } from './directories.ts';

const MAX_SAMPLE_VALUE = 281;
/** The words that this is of. */
export const WORD_BITS = 16;
const LEAST_BITS = 8;

/**
 * What the file says; undefined where it says nothing of use. MaxSampleValue is by its definition the largest value that
 * there is, and says a depth only where it is all that so many bits hold.
 * @param significantBits of OME-XML
 */
export async function statedDepth(
  directory: TiffDirectory,
  significantBits: number | undefined,
): Promise<number | undefined> {
  if (isDepth(significantBits)) return significantBits;
  const [most, ...others] = await directory.numbers(MAX_SAMPLE_VALUE);
  if (most === undefined || others.some((value) => value !== most)) return undefined;
  const bits = Math.log2(most + 1);
  return isDepth(bits) ? bits : undefined;
}

function isDepth(bits: number | undefined): bits is number {
  return bits !== undefined && Number.isInteger(bits) && bits >= LEAST_BITS && bits < WORD_BITS;
}

/** The least bits that hold a value, 8 at least. */
export function bitsHolding(most: number): number {
  return Math.max(LEAST_BITS, Math.ceil(Math.log2(most + 1)));
}

export function depthText(bits: number): string {
  return `its values have ${bits} bits, in words of ${WORD_BITS}`;
}

/** The upper 8 of so many bits; what is above them, which should not be, is the brightest. */
export function upperBits(words: Uint16Array, bits: number): Uint8Array {
  const shift = bits - 8;
  return Uint8Array.from(words, (word) => Math.min(255, word >>> shift));
}
