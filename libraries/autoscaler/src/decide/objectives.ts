/** How many workers an objective wants, given the sizes that are worth having. */
import type { AutoscalingSpec } from './spec.ts';
import { cornerAt, type Corner } from './frontier.ts';

export interface RecommendedSize {
  readonly workers: number;
  /** Why, in words and numbers. */
  readonly because: string;
}

export interface Demand {
  readonly spec: AutoscalingSpec;
  readonly servers: number;
  readonly remainingTiles?: number;
  readonly secondsToDeadline?: number;
}

/**
 * Relative width of the band in which a size that is there is left alone. Predictions change a little with every
 * window; without a band they would move a job to and fro between two sizes that are as good as each other.
 */
const BAND = 0.1;

/** @param corners not empty, see `frontier` */
export function recommend(corners: readonly Corner[], demand: Demand): RecommendedSize {
  return recommendationWith(corners, demand, 1);
}

/** The current size when it is within the band around the recommendation. */
export function withHysteresis(corners: readonly Corner[], demand: Demand, current: number): RecommendedSize {
  const preferred = recommend(corners, demand);
  const some = [1 - BAND, 1 + BAND].map(
    (strictness) => recommendationWith(corners, demand, strictness).workers,
  );
  const low = Math.min(preferred.workers, ...some);
  const high = Math.max(preferred.workers, ...some);
  return current >= low && current <= high ? { ...preferred, workers: current } : preferred;
}

/** @param strictness more than 1: a higher floor, a higher rate to reach */
function recommendationWith(corners: readonly Corner[], demand: Demand, strictness: number): RecommendedSize {
  const target = demand.spec.tilesPerSecond;
  const preferred = OBJECTIVES[demand.spec.objective](corners, demand, strictness);
  if (target === undefined) return preferred;
  const enough = fewest(corners, target * strictness);
  if (enough.workers >= preferred.workers) return preferred;
  return { workers: enough.workers, because: `${rounded(target)} tiles/s are enough` };
}

type Rule = (corners: readonly Corner[], demand: Demand, strictness: number) => RecommendedSize;

const OBJECTIVES: Readonly<Record<AutoscalingSpec['objective'], Rule>> = {
  efficiency: (corners, { spec }, strictness) => {
    const floor = spec.efficiencyFloor;
    const best = corners.findLast(({ marginal }) => marginal >= Math.min(1, floor * strictness));
    return { workers: (best ?? corners[0]!).workers, because: `floor ${rounded(floor)}` };
  },
  throughput: (corners, { spec }, strictness) => {
    const most = corners.at(-1)!.rate;
    const lost = Math.min(0.9, spec.tolerance / strictness ** 3);
    const best = fewest(corners, most * (1 - lost));
    return {
      workers: best.workers,
      because: `${rounded(most)} tiles/s is the most that any size is predicted`,
    };
  },
  deadline: (corners, demand, strictness) => {
    const { remainingTiles, secondsToDeadline } = demand;
    if (remainingTiles === undefined || secondsToDeadline === undefined) {
      return { workers: corners[0]!.workers, because: 'no deadline, or nothing known of what remains' };
    }
    const best = corners.at(-1)!;
    const needed = secondsToDeadline > 0 ? remainingTiles / secondsToDeadline : Infinity;
    if (!(needed <= best.rate)) {
      const late = duration(remainingTiles / best.rate - Math.max(0, secondsToDeadline));
      return { workers: best.workers, because: `the deadline is missed by ${late} at best` };
    }
    const enough = fewest(corners, needed * strictness);
    return { workers: enough.workers, because: `${rounded(needed)} tiles/s meet the deadline` };
  },
  cost: (corners, demand, strictness) => {
    const { spec } = demand;
    const costs = corners.map((corner) => costPerTile(corner, demand));
    const least = Math.min(...costs);
    // A corner as cheap as the best but for the tolerance: fewer workers when strict, more when not.
    const near = costs.map((cost) => cost <= least * (1 + (strictness === 1 ? 0 : spec.tolerance)));
    const at = strictness < 1 ? near.lastIndexOf(true) : near.indexOf(true);
    const inTime = OBJECTIVES.deadline(corners, demand, Math.max(1, strictness));
    const cheapest = corners[at]!;
    const because = `${rounded(costPerTile(cheapest, demand) * 1e6)} a million tiles is the least cost`;
    if (demand.secondsToDeadline === undefined || inTime.workers <= cheapest.workers) {
      return { workers: cheapest.workers, because };
    }
    return inTime;
  },
};

/**
 * What a tile costs at a size, in the unit of the spec's costs. A run of W tiles costs W times that, so the size at which it
 * is least does not depend on how much is left; of the sizes it is a corner, as costs are linear in the workers.
 */
export function costPerTile({ workers, rate }: Pick<Corner, 'workers' | 'rate'>, demand: Demand): number {
  const { workerCostPerHour, serverCostPerHour, waitingCostPerHour } = demand.spec;
  const perHour = workers * workerCostPerHour + demand.servers * serverCostPerHour + waitingCostPerHour;
  return perHour / 3600 / rate;
}

function fewest(corners: readonly Corner[], rate: number): Corner {
  return corners.find((corner) => corner.rate >= rate) ?? cornerAt(corners, Infinity);
}

/** Two or three digits. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'unlimited' : '0';
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'an unknown time';
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
