/**
 * What ours is compared with. Those that need a model of throughput have the very models that ours has, warm starts
 * included, and are asked at every arrival and end besides their own intervals: both favour them.
 */
import { frontier, type Corner } from '../../decide/frontier.ts';
import { BinaryHeap } from '../../allocate/binary-heap.ts';
import type { ClusterView, JobView, Policy } from '../policy.ts';
import { ModelStore } from './model-store.ts';

/** So many workers for every job, first come, first served. */
export function fixed(workers: number): Policy {
  return {
    name: `fixed ${workers}`,
    interval: 60,
    allocate: (view) => {
      let free = view.capacity;
      const asked = view.jobs.map((job) => Math.min(workers, job.maximumWorkers, job.workload.blocksPerStep));
      return {
        workers: new Map(
          view.jobs.map(({ id }, i) => {
            // Nobody passes one that waits: the queue is first in, first out.
            const given = free >= asked[i]! ? asked[i]! : 0;
            free = given === 0 ? 0 : free - given;
            return [id, given];
          }),
        ),
      };
    },
  };
}

const CPU_TARGET = 0.8;
const CPU_TOLERANCE = 0.1;
const DOWN_SECONDS = 300;

/**
 * HorizontalPodAutoscaler on processor use: desired = ceil(current use / target), at most doubled at a time, a smaller
 * size only when it has been right for five minutes; first come, first served for what is free.
 */
export function cpuRule(): Policy {
  const recommendations = new Map<string, { readonly at: number; readonly workers: number }[]>();
  const desired = (job: JobView, seconds: number): number => {
    if (job.workers === 0) return 1;
    const ratio = job.utilisation / CPU_TARGET;
    const raw = Math.abs(ratio - 1) <= CPU_TOLERANCE ? job.workers : Math.ceil(job.workers * ratio);
    const bounded = Math.max(1, Math.min(raw, 2 * job.workers, job.maximumWorkers));
    const recent = (recommendations.get(job.id) ?? []).filter(({ at }) => seconds - at < DOWN_SECONDS);
    const all = [...recent, { at: seconds, workers: bounded }];
    recommendations.set(job.id, all);
    return bounded >= job.workers
      ? bounded
      : Math.min(job.workers, Math.max(...all.map(({ workers }) => workers)));
  };
  return {
    name: 'cpu rule',
    interval: 15,
    allocate: (view) => {
      let free = view.capacity - view.jobs.reduce((sum, { workers }) => sum + workers, 0);
      const workers = new Map<string, number>();
      for (const job of view.jobs) {
        const asked = desired(job, view.seconds);
        const given = Math.min(asked, job.workers + Math.max(0, free));
        free -= Math.max(0, given - job.workers);
        workers.set(job.id, given);
      }
      return { workers };
    },
    finished: ({ id }) => recommendations.delete(id),
  };
}

/**
 * Optimus (Peng et al., EuroSys 2018, algorithm 1): one worker each, then one after the other to the job whose remaining
 * time falls most by it, until nothing is free or nothing falls.
 */
export function optimus(): Policy {
  return greedy('optimus', 600, (job, corner) => job.remainingTiles / corner.rate);
}

/**
 * Pollux (Qiao et al., OSDI 2021) with the batch fixed, as it is part of what is computed: goodput is throughput.
 * Maximises the generalised mean of power -1 of the speedups over a fair share.
 */
export function pollux(): Policy {
  return greedy('pollux', 60, (job, corner, fair) => fairRate(job, fair) / corner.rate);
}

interface Candidate {
  readonly job: JobView;
  readonly corners: readonly Corner[];
  readonly at: number;
  readonly gain: number;
}

/** Gives devices where `loss` (of a job at a corner, to be small in sum over the jobs) falls most a device. */
function greedy(
  name: string,
  interval: number,
  loss: (job: { remainingTiles: number; corners: readonly Corner[] }, corner: Corner, fair: number) => number,
): Policy {
  const store = new ModelStore();
  const allocate = (view: ClusterView): ReadonlyMap<string, number> => {
    const shares = new Map<string, number>();
    const heap = new BinaryHeap<Candidate>((a, b) => b.gain - a.gain);
    const fair = view.capacity / Math.max(1, view.jobs.length);
    const offer = (job: JobView, corners: readonly Corner[], at: number): void => {
      const [from, to] = [corners[at - 1], corners[at]];
      if (from === undefined || to === undefined) return;
      const known = { remainingTiles: job.remainingTiles, corners };
      const gain = (loss(known, from, fair) - loss(known, to, fair)) / (to.workers - from.workers);
      if (gain > 0) heap.push({ job, corners, at, gain });
    };
    let free = view.capacity;
    // Running ones first: a job that has a device is not put back into the queue.
    for (const job of [...view.jobs].sort((a, b) => Number(b.workers > 0) - Number(a.workers > 0))) {
      if (free < 1) break;
      free -= 1;
      shares.set(job.id, 1);
      offer(job, frontier(store.tableOf(job)), 1);
    }
    for (let best = heap.pop(); best !== undefined && free > 0; best = heap.pop()) {
      const to = best.corners[best.at]!.workers;
      const more = to - shares.get(best.job.id)!;
      if (more > free) continue;
      free -= more;
      shares.set(best.job.id, to);
      offer(best.job, best.corners, best.at + 1);
    }
    return shares;
  };
  return {
    name,
    interval,
    allocate: (view) => ({ workers: allocate(view) }),
    finished: (job) => store.finished(job),
  };
}

function fairRate({ corners }: { readonly corners: readonly Corner[] }, fair: number): number {
  const below = corners.findLast(({ workers }) => workers <= fair) ?? corners[0]!;
  const above = corners.find(({ workers }) => workers > fair);
  if (above === undefined || fair <= below.workers) return below.rate;
  const share = (fair - below.workers) / (above.workers - below.workers);
  return below.rate + share * (above.rate - below.rate);
}
