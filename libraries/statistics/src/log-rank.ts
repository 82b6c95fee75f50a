/** The log-rank test. */
import { chiSquaredTail } from './distributions.ts';
import type { Survival } from './samples.ts';

export interface LogRank {
  readonly chiSquared: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** Per group. */
  readonly observed: readonly number[];
  readonly expected: readonly number[];
}

/**
 * Tests whether groups have the same hazard: Mantel's (1966) statistic with the hypergeometric variance, for any
 * number of groups (Peto and Peto, 1972).
 *
 * @param groups one outcome a patient: a patient who is given several times makes the p-value too small
 * @returns undefined with fewer than two groups of cases, or when no event time has two groups at risk
 */
export function logRankTest(groups: readonly (readonly Survival[])[]): LogRank | undefined {
  const count = groups.length;
  if (groups.filter((group) => group.length > 0).length < 2) return undefined;
  const observed = groups.map((group) => group.filter(({ event }) => event).length);
  const expected = new Array<number>(count).fill(0);
  const covariance = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const times = groups.map((group) => group.map(({ time }) => time).sort((a, b) => a - b));
  // How many of each group have left before the event time at hand.
  const gone = new Array<number>(count).fill(0);
  for (const [time, events] of eventCounts(groups)) {
    const atRisk = times.map((sorted, group) => {
      while (gone[group]! < sorted.length && sorted[gone[group]!]! < time) gone[group] = gone[group]! + 1;
      return sorted.length - gone[group]!;
    });
    const total = atRisk.reduce((sum, value) => sum + value, 0);
    const factor = total > 1 ? (events * (total - events)) / (total * total * (total - 1)) : 0;
    for (let row = 0; row < count; row++) {
      expected[row] = expected[row]! + (events * atRisk[row]!) / total;
      for (let column = 0; column < count; column++) {
        const diagonal = row === column ? total : 0;
        covariance[row]![column] =
          covariance[row]![column]! + factor * atRisk[row]! * (diagonal - atRisk[column]!);
      }
    }
  }
  const { quadratic, rank } = quadraticForm(
    covariance,
    observed.map((value, index) => value - expected[index]!),
  );
  if (rank === 0) return undefined;
  return {
    chiSquared: quadratic,
    degreesOfFreedom: rank,
    pValue: chiSquaredTail(quadratic, rank),
    observed,
    expected,
  };
}

/** The number of events at each time that has any, earliest first. */
function eventCounts(groups: readonly (readonly Survival[])[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const { time, event } of groups.flat()) {
    if (event) counts.set(time, (counts.get(time) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/**
 * d' V^- d for a positive semi-definite V, by Gaussian elimination with diagonal pivots. V of the log-rank test is
 * singular (the differences sum to zero); d lies in its range, so leaving out rows without a pivot loses nothing.
 */
function quadraticForm(
  matrix: readonly number[][],
  vector: readonly number[],
): { quadratic: number; rank: number } {
  const rows = matrix.map((row, index) => [...row, vector[index]!]);
  const size = rows.length;
  const scale = Math.max(...rows.map((row, index) => row[index]!));
  const left = new Set(rows.keys());
  let quadratic = 0;
  let rank = 0;
  while (left.size > 0) {
    const pivot = [...left].reduce((best, index) =>
      rows[index]![index]! > rows[best]![best]! ? index : best,
    );
    const pivotRow = rows[pivot]!;
    const value = pivotRow[pivot]!;
    if (!(value > 1e-10 * scale)) break;
    left.delete(pivot);
    quadratic += pivotRow[size]! ** 2 / value;
    rank++;
    for (const index of left) {
      const row = rows[index]!;
      const factor = row[pivot]! / value;
      for (let column = 0; column <= size; column++) row[column] = row[column]! - factor * pivotRow[column]!;
    }
  }
  return { quadratic, rank };
}
