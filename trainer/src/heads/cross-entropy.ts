/** Softmax cross-entropy of rows of logits, in float64, safe against overflow. */
import { PLAIN_TARGET, type ClassTarget } from './head.ts';

export interface CrossEntropy {
  /** The mean over the rows. */
  readonly loss: number;
  /** `[rows, classes]`, of the mean loss. */
  readonly gradient: Float64Array;
}

/** Row-wise softmax of `[rows, classes]`. */
export function softmax(logits: Float64Array, classes: number): Float64Array {
  const result = new Float64Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const maximum = largest(row);
    let sum = 0;
    for (let index = 0; index < classes; index++) {
      const value = Math.exp(row[index]! - maximum);
      result[start + index] = value;
      sum += value;
    }
    for (let index = 0; index < classes; index++) result[start + index] = result[start + index]! / sum;
  }
  return result;
}

/**
 * The mean over the rows of weight * (log sum exp(logits) - sum_c q_c logit_c), where q is 1 for the label and 0 for others; with
 * smoothing e, (1 - e) of that and e / classes for every class (Szegedy et al., 2016). Without targets, the plain mean, to the bit.
 * @param logits `[rows, classes]`
 * @param labels the class of each row, each in [0, classes)
 * @param targets of each row
 */
export function crossEntropy(
  logits: Float64Array,
  classes: number,
  labels: readonly number[],
  targets: readonly (ClassTarget | undefined)[] = [],
): CrossEntropy {
  const gradient = softmax(logits, classes);
  const rows = labels.length;
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * classes;
    const label = labels[row]!;
    const { weight, smoothing } = targets[row] ?? PLAIN_TARGET;
    const own = logSumExp(logits.subarray(start, start + classes)) - logits[start + label]!;
    let spread = 0;
    for (let index = start; smoothing > 0 && index < start + classes; index++) {
      spread += (smoothing / classes) * (logits[start + label]! - logits[index]!);
      gradient[index] = gradient[index]! - smoothing / classes;
    }
    loss += weight * (own + spread);
    gradient[start + label] = gradient[start + label]! - (1 - smoothing);
    for (let index = start; index < start + classes; index++) gradient[index] = gradient[index]! * weight;
  }
  for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! / rows;
  return { loss: loss / rows, gradient };
}

function logSumExp(row: Float64Array): number {
  const maximum = largest(row);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - maximum);
  return maximum + Math.log(sum);
}

function largest(row: Float64Array): number {
  let maximum = -Infinity;
  for (const value of row) maximum = Math.max(maximum, value);
  return maximum;
}
