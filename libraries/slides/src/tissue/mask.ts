/** Two-valued pictures and their clean-up. */

export interface Mask {
  readonly width: number;
  readonly height: number;
  /** 1 where it is set, 0 elsewhere; row-major. */
  readonly data: Uint8Array;
}

/**
 * Sums of a mask over rectangles in constant time (summed-area table, Crow 1984). Coordinates may be fractional: the
 * sum is then the area covered, each mask pixel being a unit square.
 */
export class MaskSums {
  readonly #width: number;
  readonly #height: number;
  readonly #sums: Uint32Array;

  constructor({ width, height, data }: Mask) {
    this.#width = width;
    this.#height = height;
    this.#sums = new Uint32Array((width + 1) * (height + 1));
    for (let y = 0; y < height; y++) {
      let row = 0;
      for (let x = 0; x < width; x++) {
        row += data[y * width + x]!;
        this.#sums[(y + 1) * (width + 1) + x + 1] = this.#sums[y * (width + 1) + x + 1]! + row;
      }
    }
  }

  /** The part of the rectangle [left, right) x [top, bottom) that is set, from 0 to 1. */
  fraction(left: number, top: number, right: number, bottom: number): number {
    const area = (right - left) * (bottom - top);
    const sum =
      this.#upTo(right, bottom) - this.#upTo(left, bottom) - this.#upTo(right, top) + this.#upTo(left, top);
    return area > 0 ? Math.min(1, Math.max(0, sum / area)) : 0;
  }

  /** The area that is set above and left of a point: the table, interpolated between its corners. */
  #upTo(x: number, y: number): number {
    const column = Math.min(Math.max(x, 0), this.#width);
    const row = Math.min(Math.max(y, 0), this.#height);
    const x0 = Math.min(Math.floor(column), this.#width - 1);
    const y0 = Math.min(Math.floor(row), this.#height - 1);
    const stride = this.#width + 1;
    const at = y0 * stride + x0;
    const fx = column - x0;
    const fy = row - y0;
    const above = this.#sums[at]! * (1 - fx) + this.#sums[at + 1]! * fx;
    const below = this.#sums[at + stride]! * (1 - fx) + this.#sums[at + stride + 1]! * fx;
    return above * (1 - fy) + below * fy;
  }
}

/** Set where any pixel within `radius` (in a square) is set. */
export function dilated(mask: Mask, radius: number): Mask {
  return spreadBothWays(mask, radius, 1);
}

/** Set where all pixels within `radius` (in a square, as far as it is inside) are set. */
export function eroded(mask: Mask, radius: number): Mask {
  return spreadBothWays(mask, radius, 0);
}

/** Gaps that are at most twice the radius wide are set, too. */
export function closed(mask: Mask, radius: number): Mask {
  return radius < 1 || !mask.data.includes(1) ? mask : eroded(dilated(mask, radius), radius);
}

function spreadBothWays(mask: Mask, radius: number, value: 0 | 1): Mask {
  const { width, height, data } = mask;
  const across = spread(data, { lines: height, length: width, step: 1, skip: width }, radius, value);
  return {
    ...mask,
    data: spread(across, { lines: width, length: height, step: width, skip: 1 }, radius, value),
  };
}

/** Spreads the pixels of a value along lines; the time does not depend on the radius. */
function spread(
  data: Uint8Array,
  { lines, length, step, skip }: { lines: number; length: number; step: number; skip: number },
  radius: number,
  value: 0 | 1,
): Uint8Array {
  const result = data.slice();
  for (let line = 0; line < lines; line++) {
    let filled = 0;
    for (let at = 0, from = line * skip; at < length; at++, from += step) {
      if (data[from] !== value) continue;
      const end = Math.min(length, at + radius + 1);
      for (let to = Math.max(filled, at - radius); to < end; to++) result[line * skip + to * step] = value;
      filled = end;
    }
  }
  return result;
}

/** Without the connected parts (over edges, not corners) of fewer than `minimumArea` pixels. */
export function withoutSpecks(mask: Mask, minimumArea: number): Mask {
  const data = mask.data.slice();
  const seen = new Uint8Array(data.length);
  const part = new Int32Array(data.length);
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || seen[start] === 1) continue;
    const count = connected(mask, start, seen, part);
    if (count < minimumArea) for (let at = 0; at < count; at++) data[part[at]!] = 0;
  }
  return { ...mask, data };
}

/** Collects what is connected to `start` into `part`, marks it as seen and returns how many pixels it is. */
function connected({ width, height, data }: Mask, start: number, seen: Uint8Array, part: Int32Array): number {
  let count = 0;
  const visit = (pixel: number): void => {
    if (data[pixel] === 0 || seen[pixel] === 1) return;
    seen[pixel] = 1;
    part[count++] = pixel;
  };
  visit(start);
  for (let next = 0; next < count; next++) {
    const pixel = part[next]!;
    const column = pixel % width;
    if (column > 0) visit(pixel - 1);
    if (column < width - 1) visit(pixel + 1);
    if (pixel >= width) visit(pixel - width);
    if (pixel < width * (height - 1)) visit(pixel + width);
  }
  return count;
}
