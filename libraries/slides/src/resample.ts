/**
 * Resampling by area: a pixel of the result is the mean of what it covers of the source, weighted by area. Where the
 * result is finer than the source (scale below 1), it is the linear interpolation between pixel centres.
 *
 * Area weights because a pixel then depends on nothing outside its own footprint: neighbouring tiles meet without a
 * seam, no halo is read, nothing rings, and a tile's pixels do not depend on which region they were read with.
 * The arithmetic is in double precision in a fixed order, so the same bytes come out everywhere.
 */
import type { Pixels } from './pixels.ts';

/** For each output coordinate: the first source coordinate and the weights from there on, which sum to 1. */
export interface AxisWeights {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/** The source coordinates that {@link axisWeights} uses: [start, end). */
export function sourceSpan(origin: number, scale: number, count: number): { start: number; end: number } {
  if (scale >= 1) return { start: floorTo(origin), end: ceilTo(origin + count * scale) };
  return {
    start: Math.floor(origin + 0.5 * scale - 0.5),
    end: Math.floor(origin + (count - 0.5) * scale - 0.5) + 2,
  };
}

/**
 * @param origin where the first output pixel begins, in source pixels from the source's first one
 * @param scale source pixels for one output pixel
 */
export function axisWeights(origin: number, scale: number, count: number): AxisWeights {
  const first = new Int32Array(count);
  const weights: Float64Array[] = [];
  for (let index = 0; index < count; index++) {
    if (scale >= 1) {
      const begin = origin + index * scale;
      const end = origin + (index + 1) * scale;
      first[index] = floorTo(begin);
      weights.push(areaWeights(begin, end));
    } else {
      const centre = origin + (index + 0.5) * scale - 0.5;
      const left = Math.floor(centre);
      first[index] = left;
      weights.push(Float64Array.of(1 - (centre - left), centre - left));
    }
  }
  return { first, weights };
}

function areaWeights(begin: number, end: number): Float64Array {
  const start = floorTo(begin);
  const weights = new Float64Array(Math.max(1, ceilTo(end) - start));
  let sum = 0;
  for (let offset = 0; offset < weights.length; offset++) {
    const covered = Math.min(end, start + offset + 1) - Math.max(begin, start + offset);
    weights[offset] = Math.max(0, covered);
    sum += Math.max(0, covered);
  }
  return weights.map((weight) => weight / sum);
}

/** Rounding errors of a product must not make a pixel reach one source pixel further with a weight of 1e-13. */
const TOLERANCE = 1e-9;
const floorTo = (value: number): number => Math.floor(value + TOLERANCE);
const ceilTo = (value: number): number => Math.ceil(value - TOLERANCE);

/**
 * Resamples with weights per axis. Coordinates in the weights are relative to the source's first pixel and must be
 * inside it.
 */
export function resample(source: Pixels, horizontal: AxisWeights, vertical: AxisWeights): Pixels {
  const width = horizontal.first.length;
  const height = vertical.first.length;
  const rows = new ReducedRows(source, horizontal);
  const data = new Uint8Array(width * height * 3);
  const line = new Float64Array(width * 3);
  for (let y = 0; y < height; y++) {
    line.fill(0.5);
    addRows(line, rows, vertical.first[y]!, vertical.weights[y]!);
    data.set(line, y * width * 3);
  }
  return { width, height, data };
}

function addRows(line: Float64Array, rows: ReducedRows, first: number, weights: Float64Array): void {
  for (let tap = 0; tap < weights.length; tap++) {
    const weight = weights[tap]!;
    const row = rows.at(first + tap);
    for (let index = 0; index < line.length; index++) line[index]! += weight * row[index]!;
  }
}

/**
 * Rows of the source with the horizontal weights, as doubles. Made when they are asked for, and only the last two are
 * kept: neighbouring rows of the result share no more, and all of them would be eight bytes for each of a band's samples.
 */
class ReducedRows {
  readonly #source: Pixels;
  /** As {@link AxisWeights}, one after the other: those of a pixel begin where those of the one before it end. */
  readonly #taps: Float64Array;
  readonly #counts: Int32Array;
  readonly #first: Int32Array;
  readonly #kept: readonly [Float64Array, Float64Array];
  readonly #keptRow = [-1, -1];

  constructor(source: Pixels, { first, weights }: AxisWeights) {
    this.#source = source;
    this.#first = first;
    this.#counts = Int32Array.from(weights, ({ length }) => length);
    this.#taps = new Float64Array(this.#counts.reduce((sum, count) => sum + count, 0));
    let at = 0;
    for (const each of weights) {
      this.#taps.set(each, at);
      at += each.length;
    }
    this.#kept = [new Float64Array(first.length * 3), new Float64Array(first.length * 3)];
  }

  at(y: number): Float64Array {
    const place = (y & 1) as 0 | 1;
    const row = this.#kept[place];
    if (this.#keptRow[place] !== y) {
      reduceRow(this.#source, y, { first: this.#first, counts: this.#counts, taps: this.#taps }, row);
      this.#keptRow[place] = y;
    }
    return row;
  }
}

function reduceRow(
  { data, width }: Pixels,
  y: number,
  { first, counts, taps }: { first: Int32Array; counts: Int32Array; taps: Float64Array },
  row: Float64Array,
): void {
  let to = 0;
  let tap = 0;
  for (let x = 0; x < first.length; x++, to += 3) {
    const end = tap + counts[x]!;
    let from = (y * width + first[x]!) * 3;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (; tap < end; tap++, from += 3) {
      const weight = taps[tap]!;
      red += weight * data[from]!;
      green += weight * data[from + 1]!;
      blue += weight * data[from + 2]!;
    }
    row[to] = red;
    row[to + 1] = green;
    row[to + 2] = blue;
  }
}
