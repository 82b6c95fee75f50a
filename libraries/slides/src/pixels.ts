/** RGB pictures in memory: 8 bits a channel, interleaved, row-major, no padding between rows. */
import { WsiError } from '@wsi-operator/foundation';

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** `width * height * 3` bytes. */
  readonly data: Uint8Array;
}

/** A whole-number rectangle. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One picture must fit in memory beside others: 2^27 pixels are 402 MB of RGB. */
export const MAXIMUM_PIXELS = 2 ** 27;

/** A picture of one grey value (white by default). */
export function createPixels(width: number, height: number, value = 255): Pixels {
  return { width, height, data: new Uint8Array(width * height * 3).fill(value) };
}

/**
 * Checks a requested size before anything is allocated.
 * @throws WsiError InvalidArgument, naming the slide, for a size that is not positive, whole and at most 2^27 pixels
 */
export function requireSize(where: string, width: number, height: number): void {
  const whole = Number.isInteger(width) && Number.isInteger(height);
  if (!whole || width < 1 || height < 1) {
    throw new WsiError('InvalidArgument', `A region of ${width} x ${height} pixels was asked for.`, {
      where,
      remedy: 'Give a width and a height that are whole numbers of at least 1.',
    });
  }
  if (width * height > MAXIMUM_PIXELS) {
    throw new WsiError('InvalidArgument', `A region of ${width} x ${height} pixels does not fit in memory.`, {
      where,
      remedy: `Ask for at most ${MAXIMUM_PIXELS} pixels, from a lower level, or in parts.`,
    });
  }
}

/** The common part of two rectangles, or undefined when there is none. */
export function intersection(a: Rectangle, b: Rectangle): Rectangle | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** Copies the `part` of `source` to (`x`, `y`) of `target`; both must contain it. */
export function copyPixels(source: Pixels, part: Rectangle, target: Pixels, x: number, y: number): void {
  const row = part.width * 3;
  for (let line = 0; line < part.height; line++) {
    const from = ((part.y + line) * source.width + part.x) * 3;
    target.data.set(source.data.subarray(from, from + row), ((y + line) * target.width + x) * 3);
  }
}
