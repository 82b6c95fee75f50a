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

/**
 * The accuracy of cases that are several a patient. The interval is Wilson's for the number of independent cases that
 * the clusters are worth (Rao and Scott, 1992): p (1 - p) / v, with the variance v between clusters, and never more
 * than there are clusters.
 *
 * @param correct whether each case was predicted correctly
 * @param clusters whose each case is
 */
export function clusteredAccuracy(
  correct: readonly boolean[],
  clusters: readonly string[],
  level = 0.95,
): Accuracy | undefined {
  const cases = correct.length;
  if (cases === 0) return undefined;
  const hits = correct.filter(Boolean).length;
  const share = hits / cases;
  const errors = new Map<string, number>();
  correct.forEach((hit, index) => {
    const cluster = clusters[index]!;
    errors.set(cluster, (errors.get(cluster) ?? 0) + ((hit ? 1 : 0) - share) / cases);
  });
  const variance = [...errors.values()].reduce((sum, error) => sum + error * error, 0);
  const worth = variance > 0 ? (share * (1 - share)) / variance : Infinity;
  const effective = Math.min(errors.size, worth);
  return { accuracy: share, correct: hits, cases, ...wilsonInterval(share * effective, effective, level) };
}

/** The mean over the classes that have cases of the share predicted correctly; undefined without cases. */
export function balancedAccuracy(matrix: ConfusionMatrix): number | undefined {
  const recalls = recallsOf(matrix).map(({ hits, cases }) => hits / cases);
  return recalls.length === 0 ? undefined : mean(recalls);
}

/**
 * Of the balanced accuracy of independent cases: Wilson's intervals of the classes' recalls, put together by the method of
 * variance estimates recovery (Zou and Donner 2008), which holds for few cases. Undefined without cases.
 */
export function balancedAccuracyInterval(matrix: ConfusionMatrix, level = 0.95): Interval | undefined {
  const recalls = recallsOf(matrix).map(({ hits, cases }) => ({
    value: hits / cases,
    ...wilsonInterval(hits, cases, level),
  }));
  if (recalls.length === 0) return undefined;
  const middle = mean(recalls.map(({ value }) => value));
  const reach = (distances: readonly number[]): number => Math.hypot(...distances) / recalls.length;
  return {
    lower: Math.max(0, middle - reach(recalls.map(({ value, lower }) => value - lower))),
    upper: Math.min(1, middle + reach(recalls.map(({ value, upper }) => upper - value))),
  };
}

/** Of the classes that there are: cases, and those that were found. */
function recallsOf(matrix: ConfusionMatrix): { readonly hits: number; readonly cases: number }[] {
  return matrix
    .map((row, index) => ({ hits: row[index]!, cases: row.reduce((sum, count) => sum + count, 0) }))
    .filter(({ cases }) => cases > 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The Brier score of who gives every case the shares of the classes among these cases: what a model must be below. */
export function brierOfShares(matrix: ConfusionMatrix): number | undefined {
  const sizes = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const cases = sizes.reduce((sum, size) => sum + size, 0);
  if (cases === 0) return undefined;
  const spread = 1 - sizes.reduce((sum, size) => sum + (size / cases) ** 2, 0);
  return sizes.length === 2 ? spread / 2 : spread;
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

/** The mean negative log probability of the actual class, at most that of 1e-15 each; NaN without cases. */
export function logLoss(probabilities: readonly (readonly number[])[], actual: readonly number[]): number {
  const losses = probabilities.map((row, index) => -Math.log(Math.max(1e-15, row[actual[index]!]!)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
