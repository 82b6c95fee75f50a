/**
 * The stains of a slide, by Macenko et al. (2009): in optical density, the pixels of two stains lie in a plane, within the
 * angle between the stains. As the implementation of Khan and Mitkovetta that torchstain and others follow: light of
 * 240, densities to base e, pixels with at least 0.15 in every channel, the first and last percentile of the angles, the 99th
 * of the amounts. Only sums, products, quotients and square roots, which IEEE 754 rounds alike on every machine.
 */
import { DENSITY, DENSITY_OF_VALUE } from '../tissue/density.ts';
import type { DensityMap, Matrix3, Vector3 } from './density-map.ts';
import { eigenvectors } from './eigenvectors.ts';

/** Two stains of a slide: how they absorb, and how much there is at most. */
export interface StainPair {
  /** Density of red, green and blue for one unit; of length 1 where it was fitted. */
  readonly haematoxylin: Vector3;
  readonly eosin: Vector3;
  /** 99th percentile of the amounts, in densities to base e. */
  readonly amounts: readonly [haematoxylin: number, eosin: number];
}

/** `HERef` and `maxCRef` of the published implementation (github.com/mitkovetta/staining-normalization, torchstain). */
export const PUBLISHED_STAINS: StainPair = {
  haematoxylin: [0.5626, 0.7201, 0.4062],
  eosin: [0.2159, 0.8012, 0.5581],
  amounts: [1.9705, 1.0308],
};

const FAINTEST = 0.15;
const LN10 = 2.302585092994046;
/** log10(256 / 240): what densities against light of 240 are less than those of the table. */
const SHIFT = 0.028028723600243537;
const FEWEST_PIXELS = 500;
/** Sine of the smallest angle between two stains: about 3 degrees. Haematoxylin and eosin have 20 to 40. */
const SMALLEST_ANGLE = 0.05;
/** Amounts are scaled by less than this, or they would be noise. */
const MOST_SCALE = 10;

/** Density to base e against light of 240, by 8-bit value. */
const DENSITIES = Float64Array.from(DENSITY_OF_VALUE, (density) => (density / DENSITY - SHIFT) * LN10);

/**
 * @param pixels RGB of tissue, uint8 [n, 3]
 * @returns or why it has no two stains that can be told apart, as the end of a sentence
 */
export function fitStains(pixels: Uint8Array): StainPair | string {
  const stained = stainedDensities(pixels);
  if (stained.length / 3 < FEWEST_PIXELS) return 'hardly any of its tissue is stained';
  const [first, second] = eigenvectors(covariance(stained));
  const angles = anglesIn(stained, first, second);
  const ends = [percentile(angles, 0.01), percentile(angles, 0.99)].map((angle) =>
    directionAt(angle, first, second),
  );
  const [haematoxylin, eosin] = (ends[0]![0] > ends[1]![0] ? ends : ends.toReversed()) as [Vector3, Vector3];
  if (!(sineBetween(haematoxylin, eosin) > SMALLEST_ANGLE)) return 'its colours are those of one stain';
  if (Math.min(...haematoxylin, ...eosin) < -0.1) return 'its colours are not those of two stains';
  const [row1, row2] = unmixing({ haematoxylin, eosin });
  const amounts = [
    percentile(amountsOf(pixels, row1), 0.99),
    percentile(amountsOf(pixels, row2), 0.99),
  ] as const;
  return { haematoxylin, eosin, amounts };
}

/** The change of colours that gives a slide the reference's stains, or why there is none. */
export function normalisation(slide: StainPair, reference: StainPair): DensityMap | string {
  const [haematoxylin, eosin] = unmixing(slide);
  const scales = slide.amounts.map((amount, stain) => reference.amounts[stain]! / amount);
  if (!scales.every((scale) => scale > 0 && scale < MOST_SCALE)) return 'one of its stains is nearly absent';
  const matrix = [0, 1, 2].flatMap((row) =>
    [0, 1, 2].map(
      (column) =>
        reference.haematoxylin[row]! * scales[0]! * haematoxylin[column]! +
        reference.eosin[row]! * scales[1]! * eosin[column]!,
    ),
  ) as unknown as Matrix3;
  // Densities are against another light, so that its own maps to itself.
  const offset = [0, 3, 6].map((row) => SHIFT * (1 - matrix[row]! - matrix[row + 1]! - matrix[row + 2]!));
  return { matrix, offset: offset as unknown as Vector3 };
}

/** Rows that give the amounts by least squares. */
function unmixing({
  haematoxylin: h,
  eosin: e,
}: Pick<StainPair, 'haematoxylin' | 'eosin'>): [Vector3, Vector3] {
  const [hh, he, ee] = [dot(h, h), dot(h, e), dot(e, e)];
  const determinant = hh * ee - he * he;
  const row = (of: Vector3, self: number, other: Vector3): Vector3 =>
    of.map((value, channel) => (self * value - he * other[channel]!) / determinant) as unknown as Vector3;
  return [row(h, ee, e), row(e, hh, h)];
}

/** float64 [m, 3] */
function stainedDensities(pixels: Uint8Array): Float64Array {
  const result = new Float64Array(pixels.length);
  let length = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    const red = DENSITIES[pixels[at]!]!;
    const green = DENSITIES[pixels[at + 1]!]!;
    const blue = DENSITIES[pixels[at + 2]!]!;
    if (red < FAINTEST || green < FAINTEST || blue < FAINTEST) continue;
    result[length++] = red;
    result[length++] = green;
    result[length++] = blue;
  }
  return result.subarray(0, length);
}

function covariance(densities: Float64Array): Matrix3 {
  const count = densities.length / 3;
  const mean = [0, 0, 0];
  for (let at = 0; at < densities.length; at++) mean[at % 3]! += densities[at]!;
  const sums = Array<number>(9).fill(0);
  for (let at = 0; at < densities.length; at += 3) {
    for (let entry = 0; entry < 9; entry++) {
      const row = Math.floor(entry / 3);
      const column = entry % 3;
      sums[entry]! +=
        (densities[at + row]! - mean[row]! / count) * (densities[at + column]! - mean[column]! / count);
    }
  }
  return sums.map((sum) => sum / (count - 1)) as unknown as Matrix3;
}

/** Places on a diamond instead of a circle, -2 to 2: in the same order as angles, without an arc tangent. */
function anglesIn(densities: Float64Array, first: Vector3, second: Vector3): Float64Array {
  const angles = new Float64Array(densities.length / 3);
  for (let index = 0; index < angles.length; index++) {
    const at = index * 3;
    const x = densities[at]! * first[0] + densities[at + 1]! * first[1] + densities[at + 2]! * first[2];
    const y = densities[at]! * second[0] + densities[at + 1]! * second[1] + densities[at + 2]! * second[2];
    const sum = Math.abs(x) + Math.abs(y);
    const place = sum === 0 ? 0 : y / sum;
    angles[index] = x >= 0 ? place : (y >= 0 ? 2 : -2) - place;
  }
  return angles;
}

function directionAt(angle: number, first: Vector3, second: Vector3): Vector3 {
  const y = Math.abs(angle) <= 1 ? angle : (angle > 0 ? 2 : -2) - angle;
  const x = 1 - Math.abs(angle);
  const length = Math.sqrt(x * x + y * y);
  return first.map((value, channel) => (x * value + y * second[channel]!) / length) as unknown as Vector3;
}

function amountsOf(pixels: Uint8Array, [red, green, blue]: Vector3): Float64Array {
  const amounts = new Float64Array(pixels.length / 3);
  for (let index = 0; index < amounts.length; index++) {
    const at = index * 3;
    amounts[index] =
      red * DENSITIES[pixels[at]!]! +
      green * DENSITIES[pixels[at + 1]!]! +
      blue * DENSITIES[pixels[at + 2]!]!;
  }
  return amounts;
}

/** Between the nearest ranks, as numpy has it. */
function percentile(values: Float64Array, part: number): number {
  const sorted = values.toSorted();
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place));
}

function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function sineBetween(a: Vector3, b: Vector3): number {
  const [x, y, z] = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  return Math.sqrt((x * x + y * y + z * z) / (dot(a, a) * dot(b, b)));
}
