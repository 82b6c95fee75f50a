/**
 * Changes of colours that are affine in optical density: more or less of a stain, or another tint of it, is one (Beer and
 * Lambert). Densities come from a table and go back through one. In between there are only sums and products of
 * float64 in a fixed order, which IEEE 754 rounds alike on every machine.
 */
import { DENSITY, DENSITY_OF_VALUE } from '../tissue/density.ts';

/** d' = matrix d + offset, for the densities d of red, green and blue; offset in optical density (base 10). */
export interface DensityMap {
  /** Row by row. */
  readonly matrix: Matrix3;
  readonly offset: Vector3;
}

export type Vector3 = readonly [number, number, number];
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number];

const LARGEST = DENSITY_OF_VALUE[0]!;

/** 8-bit value by density in units of 1/{@link DENSITY}: the nearest, so that a value's own density gives it back. */
const VALUE_OF_DENSITY = ((): Uint8Array => {
  const values = new Uint8Array(LARGEST + 1);
  let value = 255;
  for (let density = 0; density <= LARGEST; density++) {
    while (value > 0 && density > darkerFrom(value)) value--;
    values[density] = value;
  }
  return values;
})();

/** The density, in units of 1/{@link DENSITY}, beyond which a pixel is darker than `value`. */
function darkerFrom(value: number): number {
  return Math.round(-DENSITY * Math.log10((value + 0.5) / 256));
}

/** Changes RGB pixels in place, uint8 [n, 3]. Densities outside those of 8-bit values become the nearest. */
export function mapDensities(pixels: Uint8Array, { matrix, offset }: DensityMap): void {
  const [a, b, c, d, e, f, g, h, i] = matrix;
  // Half a unit more, so that cutting off rounds.
  const [x, y, z] = [offset[0] * DENSITY + 0.5, offset[1] * DENSITY + 0.5, offset[2] * DENSITY + 0.5];
  for (let at = 0; at < pixels.length; at += 3) {
    const red = DENSITY_OF_VALUE[pixels[at]!]!;
    const green = DENSITY_OF_VALUE[pixels[at + 1]!]!;
    const blue = DENSITY_OF_VALUE[pixels[at + 2]!]!;
    pixels[at] = valueOf(a * red + b * green + c * blue + x);
    pixels[at + 1] = valueOf(d * red + e * green + f * blue + y);
    pixels[at + 2] = valueOf(g * red + h * green + i * blue + z);
  }
}

function valueOf(density: number): number {
  if (density <= 0) return 255;
  return density >= LARGEST ? 0 : VALUE_OF_DENSITY[density | 0]!;
}

export function product(left: Matrix3, right: Matrix3): Matrix3 {
  const result = Array<number>(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      result[row * 3 + column] =
        left[row * 3]! * right[column]! +
        left[row * 3 + 1]! * right[3 + column]! +
        left[row * 3 + 2]! * right[6 + column]!;
    }
  }
  return result as unknown as Matrix3;
}

export function times([a, b, c, d, e, f, g, h, i]: Matrix3, [x, y, z]: Vector3): Vector3 {
  return [a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z];
}

export function transposed([a, b, c, d, e, f, g, h, i]: Matrix3): Matrix3 {
  return [a, d, g, b, e, h, c, f, i];
}

/** By cofactors. @throws RangeError when the matrix is singular */
export function inverse([a, b, c, d, e, f, g, h, i]: Matrix3): Matrix3 {
  const [x, y, z] = [e * i - f * h, f * g - d * i, d * h - e * g];
  const determinant = a * x + b * y + c * z;
  if (!(Math.abs(determinant) > 1e-12)) throw new RangeError('the matrix is singular');
  const cofactors = [x, c * h - b * i, b * f - c * e, y, a * i - c * g, c * d - a * f, z, b * g - a * h];
  return [...cofactors, a * e - b * d].map((value) => value / determinant) as unknown as Matrix3;
}
