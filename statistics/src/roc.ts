/** The receiver operating characteristic: curve, area with its interval. */
import { criticalValue, waldInterval, type Interval } from './interval.ts';
import { requireSameLength } from './samples.ts';

export interface RocPoint {
  /** Cases with a score of at least this count as positive; Infinity for the first point. */
  readonly threshold: number;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

export interface RocArea extends Interval {
  readonly auc: number;
  /** DeLong's; 0 when the classes are perfectly separated. */
  readonly standardError: number;
  readonly positives: number;
  readonly negatives: number;
  /** Newcombe's where DeLong's variance is zero, which would claim certainty from a handful of cases. */
  readonly intervalMethod: 'DeLong' | 'Newcombe';
}

/**
 * Area under the ROC curve: the probability that a positive case scores higher than a negative one, ties counted half
 * (Mann-Whitney). The interval is DeLong, DeLong and Clarke-Pearson's (1988), through mid-ranks in O(n log n) (Sun
 * and Xu, 2014); of Wald's form, cut to [0, 1].
 *
 * @param positive whether each case is positive
 * @returns undefined when a class has no case
 * @throws RangeError for lengths that differ or scores that are not numbers
 */
export function rocArea(
  scores: readonly number[],
  positive: readonly boolean[],
  level = 0.95,
): RocArea | undefined {
  requireSameLength(scores, positive);
  const ofClass = (wanted: boolean): number[] => scores.filter((_, index) => positive[index] === wanted);
  const [cases, controls] = [ofClass(true), ofClass(false)];
  const [m, n] = [cases.length, controls.length];
  if (m === 0 || n === 0) return undefined;

  const all = midRanks([...cases, ...controls]);
  const withinCases = midRanks(cases);
  const withinControls = midRanks(controls);
  // Each case's share of controls below it, each control's share of cases above it.
  const placements = {
    cases: cases.map((_, index) => (all[index]! - withinCases[index]!) / n),
    controls: controls.map((_, index) => 1 - (all[m + index]! - withinControls[index]!) / m),
  };
  const auc = mean(placements.cases);
  const standardError = Math.sqrt(variance(placements.cases) / m + variance(placements.controls) / n);
  const counts = { positives: m, negatives: n };
  if (standardError === 0) {
    return {
      auc,
      standardError,
      ...counts,
      ...newcombeInterval(auc, m, n, level),
      intervalMethod: 'Newcombe',
    };
  }
  return {
    auc,
    standardError,
    ...counts,
    ...waldInterval(auc, standardError, level),
    intervalMethod: 'DeLong',
  };
}

/** The corners of the ROC curve from (0, 0) to (1, 1), one for every distinct score, highest first. */
export function rocCurve(scores: readonly number[], positive: readonly boolean[]): RocPoint[] {
  requireSameLength(scores, positive);
  const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
  const positives = positive.filter(Boolean).length;
  const negatives = positive.length - positives;
  if (positives === 0 || negatives === 0) return [];
  const points: RocPoint[] = [{ threshold: Infinity, falsePositiveRate: 0, truePositiveRate: 0 }];
  let truePositives = 0;
  let falsePositives = 0;
  order.forEach((index, place) => {
    if (positive[index]) truePositives++;
    else falsePositives++;
    const next = order[place + 1];
    if (next !== undefined && scores[next] === scores[index]) return;
    points.push({
      threshold: scores[index]!,
      falsePositiveRate: falsePositives / negatives,
      truePositiveRate: truePositives / positives,
    });
  });
  return points;
}

/** Ranks from 1; equal values share the mean of theirs. */
function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  let start = 0;
  while (start < order.length) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (const index of order.slice(start, end)) ranks[index] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Newcombe's (2006) method 5: a score interval with Hanley and McNeil's (1982) variance at the bound itself, so it
 * stays honest at an area of 0 or 1. The bounds solve |auc - theta| = z sqrt(V(theta)), here by bisection.
 */
function newcombeInterval(auc: number, m: number, n: number, level: number): Interval {
  const z = criticalValue(level);
  const mean = (m + n) / 2 - 1;
  const excess = (theta: number): number => {
    const spread = 1 + (mean * (1 - theta)) / (2 - theta) + (mean * theta) / (1 + theta);
    return Math.abs(auc - theta) - z * Math.sqrt((theta * (1 - theta) * spread) / (m * n));
  };
  const bound = (limit: 0 | 1): number => {
    if (auc === limit) return limit;
    // |auc - theta| grows linearly and the margin like a root, so there is one crossing on each side.
    let inside = auc;
    let outside: number = limit;
    for (let iteration = 0; iteration < 60; iteration++) {
      const middle = (inside + outside) / 2;
      if (excess(middle) <= 0) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return { lower: bound(0), upper: bound(1) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Unbiased; 0 for a single value. */
function variance(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}
