/**
 * The rule that ours shares a cluster by, with the true functions in the place of fitted ones: nothing to learn, nothing
 * to try, nothing to wait for. It shows what not knowing costs; it is no bound on what another rule could reach.
 */
import { allocateWorkers } from '../../allocate/allocate.ts';
import type { Policy } from '../policy.ts';
import type { TracedJob } from '../trace.ts';
import { trueTable } from '../truth.ts';

/** The floor at which its mean time is least (seeds 1 to 6). */
const LEAST_TIME_FLOOR = 0.02;
/** Rates distinguish a slow worker from others when it is so many times slower. */
const SLOW = 2;

export function oracle(trace: readonly TracedJob[], efficiencyFloor = LEAST_TIME_FLOOR): Policy {
  const jobs = new Map(trace.map((job) => [job.id, job]));
  return {
    name: 'oracle',
    interval: 30,
    allocate: (view) => {
      const claims = view.jobs.map(({ id, remainingTiles, workers }) => ({
        id,
        remainingTiles,
        table: trueTable(jobs.get(id)!, view.busy),
        minimum: 1,
        current: workers,
      }));
      const shares = new Map(allocateWorkers(claims, view.capacity, { efficiencyFloor }));
      for (const { id, remainingTiles, table, current } of claims) {
        const share = shares.get(id)!;
        const saved = remainingTiles / table[current]! - remainingTiles / table[share]!;
        // As for ours: who is about to end is left alone, unless its devices are given to others.
        if (current > 0 && share > current && saved < view.startSeconds) shares.set(id, current);
      }
      const replace = new Map(
        view.jobs.map((job) => {
          const rates = job.workerRates();
          const best = Math.max(...rates.map(({ tilesPerSecond }) => tilesPerSecond));
          const slow = rates.filter(({ tilesPerSecond }) => tilesPerSecond * SLOW < best);
          return [job.id, slow.map(({ id }) => id)];
        }),
      );
      return { workers: shares, replace };
    },
  };
}
