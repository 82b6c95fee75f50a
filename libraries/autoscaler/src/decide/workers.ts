/** The number of workers: recommendation, hysteresis, exploration, windows, caps, and whether the move pays. */
import type { PerformanceModel } from '../model/performance-model.ts';
import type { Observation, Size } from '../model/observation.ts';
import { predictThroughput, throughputTable, type ThroughputModel } from '../model/throughput.ts';
import { bestWithin, cornerAt, frontier } from './frontier.ts';
import { duration, rounded, withHysteresis, recommend, type Demand } from './objectives.ts';
import type { AutoscalingSpec } from './spec.ts';
import { stabilise, type Recommendation } from './stabilise.ts';

/** What the cluster can give, and what a change costs. */
export interface Limits {
  /** Learned from pods that found no place; to be left out again after a while, or when capacity appears. */
  readonly maximumSchedulableWorkers?: number;
  /** Quota, or this job's share among others; see `allocateWorkers`. */
  readonly quotaWorkers?: number;
  /** Until a new worker computes; measured. */
  readonly rescaleSeconds?: number;
  /** Until a job that is stopped in order computes again; without it the servers stay as they are. */
  readonly restartSeconds?: number;
  /** Nothing runs now, or the run stops anyway: the servers may change at no cost. */
  readonly suspended?: boolean;
  readonly remainingTiles?: number;
  readonly secondsToDeadline?: number;
}

export interface SizePrediction {
  readonly tilesPerSecond: number;
  /** 90% interval. */
  readonly low: number;
  readonly high: number;
  /** Marginal gain of the last workers, relative to the first one's. */
  readonly efficiency: number;
}

export interface WorkersInput {
  readonly model?: PerformanceModel;
  readonly observations: readonly Observation[];
  readonly spec: AutoscalingSpec;
  readonly limits: Limits;
  readonly history: { readonly recommendations: readonly Recommendation[] };
  readonly current: Size;
  readonly now: number;
}

export interface WorkersChoice {
  readonly workers: number;
  /** What the objective wants, before windows and caps; absent when nothing is known. */
  readonly recommended?: number;
  readonly reason: string;
  readonly notBefore?: number;
}

const RESCALE_SECONDS = 30;
/** Sizes beyond twice what was seen are believed when the 90% interval is no wider than that. */
const NARROW = 2;
/** The API's bound. */
export const MOST_WORKERS = 999;

export function chooseWorkers(input: WorkersInput): WorkersChoice {
  const { model, spec, limits, current } = input;
  const bounds = boundsOf(spec, limits, model?.throughput);
  const inBounds = clamp(current.workers, bounds.least, bounds.most);
  if (model === undefined) {
    return { workers: inBounds, reason: `${moved(current.workers, inBounds)}: nothing measured yet` };
  }
  const table = throughputTable(model.throughput, bounds.unconstrained, Math.max(1, current.servers));
  const corners = frontier(table);
  if (corners.length === 0) {
    return { workers: inBounds, reason: `${moved(current.workers, inBounds)}: no usable model` };
  }
  const demand = demandOf(input);
  const preferred =
    current.workers === 0 ? recommend(corners, demand) : withHysteresis(corners, demand, current.workers);
  const explored = explore(input, model.throughput, table, {
    preferred: preferred.workers,
    most: bounds.most,
  });
  const recommended = clamp(explored.workers, bounds.least, bounds.unconstrained);
  const stable =
    current.workers === 0
      ? { workers: recommended }
      : stabilise(current.workers, recommended, input.history.recommendations, spec, input.now);
  const capped = underCap(stable.workers, bounds, table, current.workers);
  const refused = notWorthIt(input, table, bounds, capped);
  const workers = refused === undefined ? capped : current.workers;
  const held = stable.workers !== recommended && workers === current.workers ? stable.notBefore : undefined;
  const why = refused ?? explained(input, model.throughput, { workers, recommended, held, bounds });
  const because = explored.because ?? preferred.because;
  return {
    workers,
    recommended,
    reason: `${moved(current.workers, workers)}: ${why}, ${because}`,
    ...(held === undefined ? {} : { notBefore: held }),
  };
}

export function predictionOf(model: PerformanceModel, size: Size): SizePrediction | undefined {
  if (size.workers < 1 || size.servers < 1) return undefined;
  const { tilesPerSecond, low, high } = predictThroughput(model.throughput, size);
  const table = throughputTable(model.throughput, size.workers, size.servers);
  return { tilesPerSecond, low, high, efficiency: efficiencyAt(table, size.workers) };
}

/** Marginal gain at a size: that of the corner it is on, or nothing more than the corner below gives. */
export function efficiencyAt(table: ArrayLike<number>, workers: number): number {
  const corner = cornerAt(frontier(table), workers);
  return corner.workers === workers ? corner.marginal : 0;
}

interface Bounds {
  readonly least: number;
  /** With caps of the cluster. */
  readonly most: number;
  /** Without. */
  readonly unconstrained: number;
  readonly cap?: string;
}

function boundsOf(spec: AutoscalingSpec, limits: Limits, model: ThroughputModel | undefined): Bounds {
  const least = Math.max(1, Math.min(spec.minimumWorkers, MOST_WORKERS));
  const blocks = model?.workload.blocksPerStep ?? MOST_WORKERS;
  const most = Math.max(least, Math.min(spec.maximumWorkers ?? Math.max(1, blocks), MOST_WORKERS));
  const quota = limits.quotaWorkers ?? Infinity;
  const schedulable = limits.maximumSchedulableWorkers ?? Infinity;
  const [cap, value] = quota <= schedulable ? ['quota', quota] : ['schedulable', schedulable];
  if (!(value < most)) return { least, most, unconstrained: most };
  return { least, most: clamp(Math.floor(value), least, most), unconstrained: most, cap };
}

function demandOf({ spec, limits, current }: WorkersInput): Demand {
  const { remainingTiles, secondsToDeadline } = limits;
  return {
    spec,
    servers: Math.max(1, current.servers),
    ...(remainingTiles === undefined ? {} : { remainingTiles }),
    ...(secondsToDeadline === undefined ? {} : { secondsToDeadline }),
  };
}

/**
 * Nobody believes a first guess far from what was measured: at most twice the largest size seen, unless an earlier run
 * makes the prediction narrow. And the other way: a job that was only ever seen at one size tries twice that once, when
 * the optimistic end of the prediction would be recommended.
 */
function explore(
  { spec, current, limits }: WorkersInput,
  model: ThroughputModel,
  table: Float64Array,
  { preferred, most }: { readonly preferred: number; readonly most: number },
): { readonly workers: number; readonly because?: string } {
  const seen = Math.max(current.workers, ...model.observed.map(({ workers }) => workers));
  const servers = Math.max(1, current.servers);
  // What the caps do not let happen need not be believed.
  const within = Math.min(preferred, most);
  if (within > 2 * seen && seen > 0) {
    const { low, high } = predictThroughput(model, { workers: within, servers });
    if (model.warm && high / low <= NARROW) return { workers: preferred };
    const step = Math.min(preferred, bestWithin(table, 2 * seen));
    return {
      workers: Math.max(step, seen),
      because: `${preferred} is too far from what was measured, try first`,
    };
  }
  const onlyHere = model.observed.length === 1 && model.observed[0]!.workers === current.workers;
  if (preferred !== current.workers || model.warm || !onlyHere || spec.objective === 'deadline') {
    return { workers: preferred };
  }
  const next = Math.min(
    2 * current.workers,
    limits.quotaWorkers ?? Infinity,
    bestWithin(table, table.length),
  );
  if (next <= current.workers || spec.tilesPerSecond !== undefined) return { workers: preferred };
  const here = predictThroughput(model, current);
  const there = predictThroughput(model, { workers: next, servers });
  const gain = (there.high - here.tilesPerSecond) / (next - current.workers) / table[1]!;
  if (spec.objective !== 'throughput' && gain < spec.efficiencyFloor) return { workers: preferred };
  return { workers: next, because: `only ${current.workers} was measured, one try` };
}

/** A size that the caps cut down is the best one below them: 7 of 8 blocks' workers are worth no more than 4. */
function underCap(workers: number, bounds: Bounds, table: Float64Array, current: number): number {
  const within = clamp(workers, bounds.least, bounds.most);
  if (within === workers || within === current) return within;
  return clamp(bestWithin(table, within), bounds.least, bounds.most);
}

/** A sentence when a move inside the bounds is not worth what it costs. */
function notWorthIt(
  { spec, limits, current }: WorkersInput,
  table: ArrayLike<number>,
  bounds: Bounds,
  workers: number,
): string | undefined {
  const from = current.workers;
  if (workers === from || from < bounds.least || from > bounds.most) return undefined;
  const [now, then] = [table[from]!, table[workers]!];
  const cost = limits.rescaleSeconds ?? RESCALE_SECONDS;
  const remaining = limits.remainingTiles ?? Infinity;
  if (workers > from) {
    if (then < now * (1 + spec.tolerance)) {
      return `${workers} would bring ${percent(then / now - 1)}, less than the tolerance of ${percent(spec.tolerance)}`;
    }
    const saved = remaining === Infinity ? Infinity : remaining / now - remaining / then;
    return saved > cost ? undefined : `${workers} would save ${duration(saved)}, and take ${duration(cost)}`;
  }
  if ((from - workers) / from < spec.tolerance) return 'the difference is within the tolerance';
  const left = remaining / now;
  return left > 2 * cost ? undefined : `${duration(left)} are left`;
}

interface Outcome {
  readonly workers: number;
  readonly recommended: number;
  readonly held: number | undefined;
  readonly bounds: Bounds;
}

function explained({ current, now }: WorkersInput, model: ThroughputModel, outcome: Outcome): string {
  const { workers, recommended, held, bounds } = outcome;
  const servers = Math.max(1, current.servers);
  const rate = (at: number): string =>
    rounded(predictThroughput(model, { workers: at, servers }).tilesPerSecond);
  const efficiency = efficiencyAt(throughputTable(model, workers, servers), workers).toFixed(2);
  const numbers =
    current.workers === workers || current.workers === 0
      ? `${rate(workers)} tiles/s predicted, efficiency ${efficiency}`
      : `${rate(current.workers)} -> ${rate(workers)} tiles/s predicted, efficiency ${efficiency}`;
  if (held !== undefined)
    return `${numbers}; ${recommended} when it is still right in ${duration((held - now) / 1000)}`;
  const cut = recommended > bounds.most && workers <= bounds.most && bounds.cap !== undefined;
  return cut ? `${numbers}; ${recommended} wanted, ${bounds.cap} ${bounds.most}` : numbers;
}

function moved(from: number, to: number): string {
  if (from === 0) return `start with ${workersWord(to)}`;
  return from === to ? `${workersWord(from)} as before` : `${from} -> ${workersWord(to)}`;
}

function workersWord(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.max(value, 1)));
}
