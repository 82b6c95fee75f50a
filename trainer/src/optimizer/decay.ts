/** Where weight decay applies, for a slice of the flat parameter vector. */

/** Elements `start` to `end` (exclusive). */
export interface DecayRange {
  readonly start: number;
  readonly end: number;
}

interface Tensor {
  readonly length: number;
  readonly decay: boolean;
}

/**
 * The decayed ranges of the slice [start, end) of the vector in which `tensors` lie one after another, relative to
 * the slice.
 */
export function decayRanges(tensors: readonly Tensor[], start: number, end: number): DecayRange[] {
  const ranges: DecayRange[] = [];
  let offset = 0;
  for (const { length, decay } of tensors) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + length, end);
    if (decay && from < to) ranges.push({ start: from - start, end: to - start });
    offset += length;
  }
  return ranges;
}

/** One byte an element: 1 where decay applies. */
export function decayMask(ranges: readonly DecayRange[], length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (const { start, end } of ranges) mask.fill(1, start, end);
  return mask;
}
