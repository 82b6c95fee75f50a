/** Gaussian blur of a tile, in whole numbers. */
import { exponentialDecay } from './arithmetic.ts';

/** Weights are multiples of 1/4096 that add up to 1. */
const UNIT = 4096;
/** Widths that differ by less have one kernel. */
const STEPS_PER_PIXEL = 32;

export class Blur {
  readonly #size: number;
  readonly #sums: Int32Array;
  readonly #rows: Uint16Array;
  readonly #kernels = new Map<number, Int32Array>();

  /** @param size pixels along a tile's side */
  constructor(size: number) {
    this.#size = size;
    this.#sums = new Int32Array(size * 3);
    // One fractional byte more than the pixels, so that values are rounded once.
    this.#rows = new Uint16Array(size * size * 3);
  }

  /** Blurs a tile in place, uint8 [size, size, 3]; `sigma` in pixels. Beyond its edges the tile goes on as at them. */
  blur(tile: Uint8Array, sigma: number): void {
    const step = Math.round(sigma * STEPS_PER_PIXEL);
    let kernel = this.#kernels.get(step);
    if (kernel === undefined) this.#kernels.set(step, (kernel = halfKernel(step / STEPS_PER_PIXEL)));
    if (kernel.length === 1) return;
    this.#down(tile, kernel);
    this.#across(tile, kernel);
  }

  /** Of each pixel those above and below, into `#rows`, in units of 1/256. */
  #down(tile: Uint8Array, kernel: Int32Array): void {
    const [length, last] = [this.#size * 3, this.#size - 1];
    const sums = this.#sums;
    for (let y = 0; y <= last; y++) {
      const at = y * length;
      for (let x = 0; x < length; x++) sums[x] = tile[at + x]! * kernel[0]!;
      for (let distance = 1; distance < kernel.length; distance++) {
        const weight = kernel[distance]!;
        const above = Math.max(0, y - distance) * length;
        const below = Math.min(last, y + distance) * length;
        for (let x = 0; x < length; x++) sums[x]! += (tile[above + x]! + tile[below + x]!) * weight;
      }
      for (let x = 0; x < length; x++) this.#rows[at + x] = (sums[x]! + UNIT / 512) >> 4;
    }
  }

  /** Of each pixel of `#rows` those to the left and right, into the tile. */
  #across(tile: Uint8Array, kernel: Int32Array): void {
    const length = this.#size * 3;
    const sums = this.#sums;
    for (let y = 0; y < this.#size; y++) {
      const row = this.#rows.subarray(y * length, (y + 1) * length);
      for (let x = 0; x < length; x++) sums[x] = row[x]! * kernel[0]!;
      for (let distance = 1; distance < kernel.length; distance++) {
        addNeighbours(sums, row, distance * 3, kernel[distance]!);
      }
      const at = y * length;
      for (let x = 0; x < length; x++) tile[at + x] = (sums[x]! + UNIT * 128) >> 20;
    }
  }
}

/** Adds `weight` times the values `shift` places to the left and right; over the ends, the last pixel's. */
function addNeighbours(sums: Int32Array, row: Uint16Array, shift: number, weight: number): void {
  const { length } = row;
  const end = Math.max(0, length - shift);
  for (let x = Math.min(shift, length); x < length; x++) sums[x]! += row[x - shift]! * weight;
  for (let x = 0; x < end; x++) sums[x]! += row[x + shift]! * weight;
  for (let x = 0; x < Math.min(shift, length); x++) sums[x]! += row[x % 3]! * weight;
  for (let x = end; x < length; x++) sums[x]! += row[length - 3 + (x % 3)]! * weight;
}

/** Weights by distance from the middle, which the pixels to both sides have: middle + 2 (the others) is {@link UNIT}. */
export function halfKernel(sigma: number): Int32Array {
  if (sigma === 0) return Int32Array.of(UNIT);
  const shares = [1];
  let sum = 1;
  for (let distance = 1; distance <= Math.ceil(3 * sigma); distance++) {
    const share = exponentialDecay((distance * distance) / (2 * sigma * sigma));
    shares.push(share);
    sum += 2 * share;
  }
  const kernel = Int32Array.from(shares, (share) => Math.round((share / sum) * UNIT));
  const sides = kernel.reduce((total, weight) => total + weight, -kernel[0]!);
  kernel[0] = UNIT - 2 * sides;
  return kernel;
}
