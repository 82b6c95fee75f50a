/** The stains of Ruifrok and Johnston (2001), and changes of their amounts. */
import {
  inverse,
  product,
  times,
  transposed,
  type DensityMap,
  type Matrix3,
  type Vector3,
} from './density-map.ts';

/** Density of red, green and blue for one unit of haematoxylin, of eosin and of the rest (their DAB): a row each. */
const STAINS: Matrix3 = [0.65, 0.7, 0.29, 0.07, 0.99, 0.11, 0.27, 0.57, 0.78];

const FROM_AMOUNTS = transposed(STAINS);
const TO_AMOUNTS = inverse(FROM_AMOUNTS);

/** Each amount times its factor, plus its bias (in optical density, base 10). */
export function stainChange(factors: Vector3, biases: Vector3): DensityMap {
  const [x, y, z] = factors;
  const scaled = product(FROM_AMOUNTS, [x, 0, 0, 0, y, 0, 0, 0, z]);
  return { matrix: product(scaled, TO_AMOUNTS), offset: times(FROM_AMOUNTS, biases) };
}
