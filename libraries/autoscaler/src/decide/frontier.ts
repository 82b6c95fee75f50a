/**
 * Sizes that are worth having. Throughput over workers goes in steps, because blocks are whole: 5 workers do 8 blocks in
 * the time of 4. Such sizes lie under the upper concave envelope of the curve; the envelope's corners are the sizes
 * between which marginal gains only fall, so that "as long as a worker brings enough" has one answer.
 */

export interface Corner {
  readonly workers: number;
  /** Tiles a second. */
  readonly rate: number;
  /** Tiles a second for each worker since the corner before, relative to what the first worker brings. */
  readonly marginal: number;
}

/** Gains that differ by less are equal: of sizes on one line all are corners, since each may be what is to be had. */
const EQUAL = 1e-6;

/** @param table tiles a second at 0, 1, 2, ... workers; see `throughputTable` */
export function frontier(table: ArrayLike<number>): readonly Corner[] {
  const first = table[1] ?? 0;
  if (!(first > 0)) return [];
  const corners: Corner[] = [{ workers: 1, rate: first, marginal: 1 }];
  for (let workers = 2; workers < table.length; workers += 1) {
    const rate = table[workers]!;
    if (!(rate > corners.at(-1)!.rate)) continue;
    let before = corners.at(-1)!;
    while (corners.length > 1 && marginalGain(before, workers, rate, first) > before.marginal * (1 + EQUAL)) {
      corners.pop();
      before = corners.at(-1)!;
    }
    // A second worker cannot bring more than the first: what looks so is a step of whole blocks or an error.
    const marginal = Math.min(1, marginalGain(before, workers, rate, first));
    corners.push({ workers, rate, marginal });
  }
  return corners;
}

/** The largest corner up to a number of workers; the first one when there is none. */
export function cornerAt(corners: readonly Corner[], workers: number): Corner {
  return corners.findLast((corner) => corner.workers <= workers) ?? corners[0]!;
}

/** The fewest workers that bring most with at most so many; a corner of all sizes may lie beyond, and none close below. */
export function bestWithin(table: Float64Array, most: number): number {
  return frontier(table.subarray(0, most + 1)).at(-1)?.workers ?? 1;
}

function marginalGain(before: Corner, workers: number, rate: number, first: number): number {
  return (rate - before.rate) / (workers - before.workers) / first;
}
