/**
 * Shares of a cluster for jobs that compete for it, so that the mean time to completion is short. What decide() gets as
 * `quotaWorkers`.
 *
 * With n jobs of known remaining size and the same concave speedup k^p, the mean time is least when job i, counted from
 * the largest, gets the share (i/n)^(1/(1-p)) - ((i-1)/n)^(1/(1-p)): heSRPT (Berg, Vesilo and Harchol-Balter, 2020).
 * That is the allocation at which the gains of throughput, weighted by
 *
 *   v_i = (i^(1/(1-p)) - (i-1)^(1/(1-p)))^(1-p),
 *
 * are equal at the margin: v_i says what it is worth that job i proceeds. Here speedups differ and are no powers, so the
 * weights are taken from the theorem and the gains from each job's own model: devices go one after the other to where
 * weight times marginal gain is largest.
 */
import { cornerAt, frontier, type Corner } from '../decide/frontier.ts';
import { BinaryHeap } from './binary-heap.ts';

export interface Claim {
  readonly id: string;
  readonly remainingTiles: number;
  /** Tiles a second at 0, 1, ... workers, up to the most that the job may have. */
  readonly table: Float64Array;
  /** Fewest workers that it can run with. */
  readonly minimum: number;
  /** What it has; 0: it waits. */
  readonly current: number;
}

export interface AllocationOptions {
  /** Workers whose marginal gain is less are not given, however much is free. */
  readonly efficiencyFloor?: number;
}

/** A job that has a device keeps it until another one would make so much more of it: moving costs. */
const KEEPING = 1.15;
/**
 * p. Speedups of these jobs are steeper than any power at first and flatter in the end, where it is decided who gets one
 * more; chosen by simulation, on seeds that no result is reported for.
 */
const ELASTICITY = 0.4;
const POWER = 1 / (1 - ELASTICITY);
/**
 * The floor rises with competition, counted in jobs a device, at most to `HIGHEST_FLOOR`: with 10 devices a job, one that
 * brings a quarter of what it could is soon missed elsewhere; with 50 it is not.
 */
const COMPETITION = { factor: 3.5, free: 0.02 } as const;
const HIGHEST_FLOOR = 0.6;

/**
 * @param capacity devices, used or not
 * @returns workers by id, summing up to at most the capacity; jobs that run keep their minimum before one that waits
 *   gets anything, those that wait come in order of what is left of them
 */
export function allocateWorkers(
  claims: readonly Claim[],
  capacity: number,
  { efficiencyFloor = 0.05 }: AllocationOptions = {},
): ReadonlyMap<string, number> {
  const ranked = rank(claims);
  const shares = new Map(claims.map(({ id }) => [id, 0]));
  let free = Math.max(0, Math.floor(capacity));
  const admitted = ranked.filter(({ claim }) => claim.current > 0);
  const waiting = ranked.filter(({ claim }) => claim.current <= 0);
  const running: Ranked[] = [];
  for (const job of [...admitted.reverse(), ...waiting.reverse()]) {
    const { id, minimum } = job.claim;
    if (minimum > free) continue;
    free -= minimum;
    shares.set(id, minimum);
    running.push(job);
  }
  const crowd = claims.length / Math.max(1, capacity);
  const competition = Math.min(HIGHEST_FLOOR, COMPETITION.factor * Math.max(0, crowd - COMPETITION.free));
  distribute(running, shares, free, Math.max(efficiencyFloor, competition));
  return shares;
}

interface Ranked {
  readonly claim: Claim;
  readonly corners: readonly Corner[];
  readonly weight: number;
}

/** Largest first. */
function rank(claims: readonly Claim[]): Ranked[] {
  const sized = claims
    .map((claim) => ({ claim, corners: frontier(claim.table), seconds: secondsAlone(claim) }))
    .sort((a, b) => b.seconds - a.seconds || (a.claim.id < b.claim.id ? -1 : 1));
  return sized.map(({ claim, corners }, i) => ({
    claim,
    corners,
    weight: ((i + 1) ** POWER - i ** POWER) ** (1 - ELASTICITY),
  }));
}

function secondsAlone({ remainingTiles, table }: Claim): number {
  const seconds = remainingTiles / (table[1] ?? 0);
  return Number.isFinite(seconds) ? seconds : Number.MAX_VALUE;
}

interface Offer {
  readonly job: Ranked;
  /** Of the corner that is offered. */
  readonly at: number;
  readonly worth: number;
}

function distribute(
  running: readonly Ranked[],
  shares: Map<string, number>,
  free: number,
  floor: number,
): void {
  const offers = new BinaryHeap<Offer>((a, b) => b.worth - a.worth);
  const offer = (job: Ranked, at: number): void => {
    const corner = job.corners[at];
    if (corner === undefined || corner.marginal < floor) return;
    const kept = corner.workers <= job.claim.current ? KEEPING : 1;
    offers.push({ job, at, worth: job.weight * corner.marginal * kept });
  };
  for (const job of running) {
    const has = cornerAt(job.corners, job.claim.minimum);
    if (job.corners.length > 0) offer(job, job.corners.indexOf(has) + 1);
  }
  let left = free;
  for (let best = offers.pop(); best !== undefined && left > 0; best = offers.pop()) {
    const { id } = best.job.claim;
    const more = best.job.corners[best.at]!.workers - shares.get(id)!;
    // A step of whole blocks that does not fit any more brings nothing in part.
    if (more > left) continue;
    shares.set(id, shares.get(id)! + more);
    left -= more;
    offer(best.job, best.at + 1);
  }
}
