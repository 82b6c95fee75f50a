/**
 * Layer normalisation without gain and bias (Ba, Kiros and Hinton, 2016), row by row in float64:
 * y = (x - mean(x)) / sqrt(variance(x) + epsilon), over the features of one row, so nothing passes between bags.
 *
 * Mean-pooled features of bags are small numbers that are nearly alike. Without this the units of a hidden layer see
 * so little of the difference that tanh is linear there, and an outcome that no linear head separates (two findings
 * that must both occur) leaves the loss on a plateau: its gradient starts with the curvature.
 */

/** Small beside the variance of features (about 0.01), large enough that a constant row stays finite. */
const epsilon = 1e-6;

export interface Normalized {
  /** `[rows, size]` */
  readonly values: Float64Array;
  /** `[rows]`: 1 / sqrt(variance + epsilon). */
  readonly scale: Float64Array;
}

/** @param input `[rows, size]` */
export function normalizeRows(input: Float64Array, size: number): Normalized {
  const rows = input.length / size;
  const values = new Float64Array(input.length);
  const scale = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const from = input.subarray(row * size, (row + 1) * size);
    let mean = 0;
    for (const value of from) mean += value / size;
    let variance = 0;
    for (const value of from) variance += (value - mean) ** 2 / size;
    const factor = 1 / Math.sqrt(variance + epsilon);
    scale[row] = factor;
    for (let index = 0; index < size; index++) values[row * size + index] = (from[index]! - mean) * factor;
  }
  return { values, scale };
}

/** The vector-Jacobian product: `gradient` [rows, size] by the values -> by the input. */
export function normalizeRowsGradient({ values, scale }: Normalized, gradient: Float64Array): Float64Array {
  const rows = scale.length;
  const size = values.length / rows;
  const result = new Float64Array(values.length);
  for (let row = 0; row < rows; row++) {
    let mean = 0;
    let along = 0;
    for (let index = row * size; index < (row + 1) * size; index++) {
      mean += gradient[index]! / size;
      along += (gradient[index]! * values[index]!) / size;
    }
    for (let index = row * size; index < (row + 1) * size; index++) {
      result[index] = scale[row]! * (gradient[index]! - mean - values[index]! * along);
    }
  }
  return result;
}
