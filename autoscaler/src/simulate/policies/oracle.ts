/** The same shares as ours, from the true functions: nothing to learn, nothing to try, nothing to wait for. */
import { allocateWorkers } from '../../allocate/allocate.ts';
import type { Policy } from '../policy.ts';
import type { TracedJob } from '../trace.ts';
import { trueTable } from '../truth.ts';
import { SIMULATED_FLOOR } from './ours.ts';

/** Rates tell a slow worker from others when it is so many times slower. */
const SLOW = 2;

export function oracle(trace: readonly TracedJob[], efficiencyFloor = SIMULATED_FLOOR): Policy {
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
