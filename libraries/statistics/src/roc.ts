/** The receiver operating characteristic: curve, area with its interval. */
import { logitInterval, newcombeInterval, type Interval } from './interval.ts';
import { requireSameLength, type Clustered } from './samples.ts';

export interface RocPoint {
  /** Cases with a score of at least this count as positive; Infinity for the first point. */
  readonly threshold: number;
  readonly falsePositiveRate: number;
  readonly truePositiveRate: number;
}

export interface RocArea extends Interval {
  readonly auc: number;
  /** DeLong's, or Obuchowski's with clusters; 0 when the classes are perfectly separated. */
  readonly standardError: number;
  /** Clusters (cases, without clusters) that have a positive case, and that have a negative one. */
  readonly positives: number;
  readonly negatives: number;
  readonly intervalMethod: 'DeLong' | 'Newcombe';
}

/** With fewer clusters in a class than this, DeLong's variance is too uncertain: Newcombe's interval is given. */
export const FEW_IN_CLASS = 30;

/**
 * Area under the ROC curve: the probability that a positive case scores higher than a negative one, ties counted half
 * (Mann-Whitney). The variance is DeLong, DeLong and Clarke-Pearson's (1988), through mid-ranks in O(n log n) (Sun and
 * Xu, 2014); with clusters Obuchowski's (1997), which is the same where every cluster has one case. The interval is on
 * the log-odds scale. With few cases ({@link FEW_IN_CLASS}), or a variance of zero, it is Newcombe's (2006) method 5,
 * of the numbers of clusters: DeLong's own covers 80% to 90% there when it says 95%.
 *
 * @param positive whether each case is positive
 * @returns undefined when a class has no case
 * @throws RangeError for lengths that differ or scores that are not numbers
 */
export function rocArea(
  scores: readonly number[],
  positive: readonly boolean[],
  options: Clustered = {},
): RocArea | undefined {
  const parts = areaParts(scores, positive, options.clusters);
  if (parts === undefined) return undefined;
  const { auc, sums, counts } = parts;
  let [ofPositives, ofNegatives, between] = [0, 0, 0];
  for (const { positive: x, negative: y } of sums.values()) {
    ofPositives += x * x;
    ofNegatives += y * y;
    between += x * y;
  }
  const variance =
    unbiased(counts.positives) * ofPositives +
    unbiased(counts.negatives) * ofNegatives +
    2 * unbiased(sums.size) * between;
  // Of a difference of nearly equal sums rounding may leave less than nothing.
  const standardError = Math.sqrt(Math.max(0, variance));
  return { auc, standardError, ...counts, ...areaInterval(auc, standardError, counts, options.level) };
}

/**
 * The mean over the classes of the area of each against the rest (Provost and Domingos; Fawcett, 2006), over the
 * classes that have cases on both sides. The variance is that of the sum of the cases' influences, within clusters.
 *
 * @param rows `[cases][classes]`
 * @returns undefined when no class has cases on both sides
 */
export function meanRocArea(
  rows: readonly (readonly number[])[],
  actual: readonly number[],
  options: Clustered = {},
): RocArea | undefined {
  const classes = rows[0]?.length ?? 0;
  const areas = Array.from({ length: classes }, (_, index) =>
    areaParts(
      rows.map((row) => row[index]!),
      actual.map((label) => label === index),
      options.clusters,
    ),
  ).filter((part) => part !== undefined);
  if (areas.length === 0) return undefined;
  const influences = new Map<string | number, number>();
  for (const { sums, counts } of areas) {
    for (const [cluster, { positive, negative }] of sums) {
      const influence =
        (positive * Math.sqrt(unbiased(counts.positives)) +
          negative * Math.sqrt(unbiased(counts.negatives))) /
        areas.length;
      influences.set(cluster, (influences.get(cluster) ?? 0) + influence);
    }
  }
  const auc = mean(areas.map((area) => area.auc));
  const standardError = Math.sqrt([...influences.values()].reduce((sum, value) => sum + value * value, 0));
  // The class with the fewest cases decides how much is known.
  const smaller = ({ positives, negatives }: Counts): number => Math.min(positives, negatives);
  const { counts } = areas.reduce((least, area) =>
    smaller(area.counts) < smaller(least.counts) ? area : least,
  );
  return { auc, standardError, ...counts, ...areaInterval(auc, standardError, counts, options.level) };
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

interface Counts {
  readonly positives: number;
  readonly negatives: number;
}

interface AreaParts {
  readonly auc: number;
  /** By cluster: what its positive and its negative cases add to the error of the area. */
  readonly sums: ReadonlyMap<string | number, { positive: number; negative: number }>;
  readonly counts: Counts;
}

function areaParts(
  scores: readonly number[],
  positive: readonly boolean[],
  clusters: readonly string[] | undefined,
): AreaParts | undefined {
  requireSameLength(scores, positive);
  if (clusters !== undefined) requireSameLength(scores, clusters);
  const ofClass = (wanted: boolean): number[] =>
    [...scores.keys()].filter((index) => positive[index] === wanted);
  const [cases, controls] = [ofClass(true), ofClass(false)];
  const [m, n] = [cases.length, controls.length];
  if (m === 0 || n === 0) return undefined;
  const scoresOf = (indices: readonly number[]): number[] => indices.map((index) => scores[index]!);
  const all = midRanks(scoresOf([...cases, ...controls]));
  const withinCases = midRanks(scoresOf(cases));
  const withinControls = midRanks(scoresOf(controls));
  // Each case's share of controls below it, each control's share of cases above it.
  const placements = {
    cases: cases.map((_, index) => (all[index]! - withinCases[index]!) / n),
    controls: controls.map((_, index) => 1 - (all[m + index]! - withinControls[index]!) / m),
  };
  const auc = mean(placements.cases);
  const sums = new Map<string | number, { positive: number; negative: number }>();
  const add = (index: number, side: 'positive' | 'negative', error: number): void => {
    const cluster = clusters?.[index] ?? index;
    const sum = sums.get(cluster) ?? { positive: 0, negative: 0 };
    sum[side] += error;
    sums.set(cluster, sum);
  };
  cases.forEach((index, place) => add(index, 'positive', (placements.cases[place]! - auc) / m));
  controls.forEach((index, place) => add(index, 'negative', (placements.controls[place]! - auc) / n));
  const distinct = (indices: readonly number[]): number =>
    new Set(indices.map((index) => clusters?.[index] ?? index)).size;
  return { auc, sums, counts: { positives: distinct(cases), negatives: distinct(controls) } };
}

function areaInterval(
  auc: number,
  standardError: number,
  counts: Counts,
  level = 0.95,
): Interval & Pick<RocArea, 'intervalMethod'> {
  const few = Math.min(counts.positives, counts.negatives) < FEW_IN_CLASS;
  if (few || standardError === 0 || auc === 0 || auc === 1) {
    return { ...newcombeInterval(auc, counts, level), intervalMethod: 'Newcombe' };
  }
  return { ...logitInterval(auc, standardError, level), intervalMethod: 'DeLong' };
}

/** What a sum of squares around its own mean is multiplied with; nothing can be said from a single one. */
function unbiased(count: number): number {
  return count > 1 ? count / (count - 1) : 0;
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
