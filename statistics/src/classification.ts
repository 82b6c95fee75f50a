/** Counts and scores of predicted classes. Classes are whole numbers from 0. */
import { wilsonInterval, type Interval } from './interval.ts';

/** `matrix[actual][predicted]` = cases. */
export type ConfusionMatrix = readonly (readonly number[])[];

/** @throws RangeError for lengths that differ or a class outside [0, classes) */
export function confusionMatrix(
  actual: readonly number[],
  predicted: readonly number[],
  classes: number,
): ConfusionMatrix {
  if (actual.length !== predicted.length) {
    throw new RangeError(`${predicted.length} predictions for ${actual.length} cases`);
  }
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  actual.forEach((truth, index) => {
    const row = matrix[truth];
    const guess = predicted[index]!;
    if (row?.[guess] === undefined) throw new RangeError(`case ${index} has no class in 0..${classes - 1}`);
    row[guess]++;
  });
  return matrix;
}

/** The most probable class of each case; the first of equals. */
export function predictedClasses(probabilities: readonly (readonly number[])[]): number[] {
  return probabilities.map((row) =>
    row.reduce((best, value, index) => (value > row[best]! ? index : best), 0),
  );
}

export interface Accuracy extends Interval {
  readonly accuracy: number;
  readonly correct: number;
  readonly cases: number;
}

/** The share of correct predictions with Wilson's interval; undefined without cases. */
export function accuracy(matrix: ConfusionMatrix, level = 0.95): Accuracy | undefined {
  const cases = matrix.flat().reduce((sum, count) => sum + count, 0);
  if (cases === 0) return undefined;
  const correct = matrix.reduce((sum, row, index) => sum + row[index]!, 0);
  return { accuracy: correct / cases, correct, cases, ...wilsonInterval(correct, cases, level) };
}

/** The mean over the classes that have cases of the share predicted correctly; undefined without cases. */
export function balancedAccuracy(matrix: ConfusionMatrix): number | undefined {
  const recalls = matrix.flatMap((row, index) => {
    const cases = row.reduce((sum, count) => sum + count, 0);
    return cases === 0 ? [] : [row[index]! / cases];
  });
  return recalls.length === 0 ? undefined : recalls.reduce((sum, value) => sum + value, 0) / recalls.length;
}

/**
 * Brier's (1950) mean squared error of the probabilities. For two classes the usual halved form, the squared error of
 * the probability of class 1; for more the sum over the classes. Undefined without cases.
 *
 * @param probabilities `[cases][classes]`
 */
export function brierScore(
  probabilities: readonly (readonly number[])[],
  actual: readonly number[],
): number | undefined {
  if (probabilities.length !== actual.length) {
    throw new RangeError(`${probabilities.length} predictions for ${actual.length} cases`);
  }
  if (actual.length === 0) return undefined;
  const errors = probabilities.map((row, index) => {
    const squares = row.map((value, column) => (value - (column === actual[index] ? 1 : 0)) ** 2);
    return squares.reduce((sum, value) => sum + value, 0) / (row.length === 2 ? 2 : 1);
  });
  return errors.reduce((sum, value) => sum + value, 0) / errors.length;
}
