/**
 * What a slide shows, small enough to compare every slide of a cohort with every other: a file that was copied,
 * wrapped in another format or compressed again shows the same tissue.
 *
 *     picture    SHA-256 of the slide seen small: equal for the same pixels, whatever the file
 *     detail     at 4096 points, whether the tissue is brighter or darker there than around: a pattern of nuclei and
 *                fibres that survives compression and scaling, and that no two pieces of tissue share. Points beside
 *                glass do not count, as outlines may be alike, and only the sign does, as one bright edge must not
 *                outweigh all the rest
 *     colours    the mean colours of 8 x 8 fields
 */
import { createHash } from 'node:crypto';
import { WsiError } from '@wsi-operator/foundation';
import type { Pixels } from '../pixels.ts';
import type { Slide } from '../slide.ts';

export interface SlideSignature {
  /** Empty for a picture of one colour, which has nothing to be recognised by. */
  readonly picture: string;
  /** One bit a point, in bytes: first whether there is detail, then whether it is bright. Empty as `picture` is. */
  readonly detail: Uint8Array;
  /** Red, green and blue of each field, row by row. Empty as `picture` is. */
  readonly colours: Uint8Array;
}

/** As it goes over the wire and into files. */
export const DETAIL_BYTES = 512;

const SIDE = 1024;
const POINTS = DETAIL_BYTES * 8;
const FIELDS = 8;
/** Pixels of the coarsest level that are read for a signature; another pass over a slide without a pyramid is expensive. */
const MOST_PIXELS = 2 ** 28;
/** Grey levels: what is below is the noise of compression. */
const LEAST_DETAIL = 1;
/** Pixels around a point: it is the mean of the inner square less that of the outer. */
const INNER = 1;
const OUTER = 4;
/** Grey levels between the darkest and the brightest pixel: one colour with the noise of compression. */
const ONE_COLOUR = 12;
/** Grey levels below the brightest pixel: glass. */
const GLASS = 15;
/** Of the outer square. */
const MOST_GLASS = 0.1;
/** Fractions of a sequence that fills the square evenly (Roberts' R2). */
const STEP_X = 0.7548776662466927;
const STEP_Y = 0.5698402909980532;

const NOTHING: SlideSignature = { picture: '', detail: new Uint8Array(0), colours: new Uint8Array(0) };

/**
 * Empty for a slide that cannot be seen as a whole: a huge one without a pyramid, or one whose small levels are damaged
 * (those that are trained on may be whole). It is distinguished from others by its file only.
 */
export async function signatureOf(slide: Slide): Promise<SlideSignature> {
  const coarsest = slide.levels.at(-1);
  if (coarsest === undefined || coarsest.width * coarsest.height > MOST_PIXELS) return NOTHING;
  const picture = await slide.thumbnail(SIDE).catch((thrown: unknown) => {
    const error = WsiError.from(thrown);
    if (error.code === 'SlideUnreadable' && !error.retryable) return undefined;
    throw error;
  });
  return picture === undefined ? NOTHING : signatureOfPicture(picture);
}

/** The pure part: from a picture of the whole slide. */
export function signatureOfPicture(picture: Pixels): SlideSignature {
  const { width, height, data } = picture;
  const grey = greyOf(picture);
  const { darkest, brightest } = rangeOf(grey);
  if (brightest - darkest <= ONE_COLOUR) return NOTHING;
  const digest = createHash('sha256').update(`${width} ${height}\n`).update(data).digest('hex');
  return {
    picture: digest,
    detail: detailOf(
      new SquareSums(grey, width, height),
      new SquareSums(
        grey.map((value) => (value > brightest - GLASS ? 1 : 0)),
        width,
        height,
      ),
    ),
    colours: coloursOf(picture),
  };
}

function detailOf(sums: SquareSums, glass: SquareSums): Uint8Array {
  const detail = new Uint8Array(DETAIL_BYTES * 2);
  for (let point = 0; point < POINTS; point++) {
    const x = Math.floor(fraction(0.5 + point * STEP_X) * sums.width);
    const y = Math.floor(fraction(0.5 + point * STEP_Y) * sums.height);
    if (glass.mean(x, y, OUTER) > MOST_GLASS) continue;
    const contrast = sums.mean(x, y, INNER) - sums.mean(x, y, OUTER);
    if (Math.abs(contrast) < LEAST_DETAIL) continue;
    detail[point >> 3]! |= 1 << (point & 7);
    if (contrast > 0) detail[DETAIL_BYTES + (point >> 3)]! |= 1 << (point & 7);
  }
  return detail;
}

function coloursOf({ width, height, data }: Pixels): Uint8Array {
  const sums = new Float64Array(FIELDS * FIELDS * 3);
  const counts = new Float64Array(FIELDS * FIELDS);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const field = Math.floor((y * FIELDS) / height) * FIELDS + Math.floor((x * FIELDS) / width);
      counts[field]! += 1;
      for (let channel = 0; channel < 3; channel++) {
        sums[field * 3 + channel]! += data[(y * width + x) * 3 + channel]!;
      }
    }
  }
  return Uint8Array.from(sums, (sum, at) => Math.round(sum / Math.max(1, counts[Math.floor(at / 3)]!)));
}

function fraction(value: number): number {
  return value - Math.floor(value);
}

/** Brightness from 0 to 255: green counts twice. */
function greyOf({ width, height, data }: Pixels): Float64Array {
  const grey = new Float64Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const at = pixel * 3;
    grey[pixel] = (data[at]! + 2 * data[at + 1]! + data[at + 2]!) / 4;
  }
  return grey;
}

function rangeOf(grey: Float64Array): { readonly darkest: number; readonly brightest: number } {
  let [darkest, brightest] = [Infinity, -Infinity];
  for (const value of grey) {
    if (value < darkest) darkest = value;
    if (value > brightest) brightest = value;
  }
  return { darkest, brightest };
}

/** Means of squares in constant time. */
class SquareSums {
  readonly width: number;
  readonly height: number;
  readonly #sums: Float64Array;

  constructor(values: Float64Array, width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#sums = new Float64Array((width + 1) * (height + 1));
    for (let y = 0; y < height; y++) {
      let row = 0;
      for (let x = 0; x < width; x++) {
        row += values[y * width + x]!;
        this.#sums[(y + 1) * (width + 1) + x + 1] = this.#sums[y * (width + 1) + x + 1]! + row;
      }
    }
  }

  /** Of the square of side `2 radius + 1` around a pixel, as far as it is in the picture. */
  mean(x: number, y: number, radius: number): number {
    const left = Math.max(0, x - radius);
    const top = Math.max(0, y - radius);
    const right = Math.min(this.width, x + radius + 1);
    const bottom = Math.min(this.height, y + radius + 1);
    const at = (column: number, row: number): number => this.#sums[row * (this.width + 1) + column]!;
    const sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
    return sum / ((right - left) * (bottom - top));
  }
}
