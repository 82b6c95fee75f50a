/** What the model says about sizes that a job could have; the data of `wsi explain`. */
import { cornerAt, frontier } from './decide/frontier.ts';
import { costPerTile } from './decide/objectives.ts';
import type { AutoscalingSpec } from './decide/spec.ts';
import { MOST_WORKERS, type Limits } from './decide/workers.ts';
import type { PerformanceModel } from './model/performance-model.ts';
import { COMPUTE_PHASES, type Size } from './model/observation.ts';
import { predictThroughput, stepParts, throughputTable, type StepPart } from './model/throughput.ts';

export interface ExplainedSize extends Size {
  readonly tilesPerSecond: number;
  /** 90% interval. */
  readonly low: number;
  readonly high: number;
  /** Tiles a second relative to as many times one worker's. */
  readonly efficiency: number;
  /** Marginal gain of the last workers relative to the first one's: what the floor is compared with. */
  readonly marginal: number;
  /** Where most of a step goes. */
  readonly bottleneck: Bottleneck;
  /** Share of the step that it takes. */
  readonly bottleneckShare: number;
  /** A million tiles, in the unit of the spec's costs. */
  readonly costPerMillionTiles: number;
  readonly remainingSeconds?: number;
  readonly measured: boolean;
}

/** A phase when it is the tiles, otherwise what coordination waits for. */
export type Bottleneck = (typeof COMPUTE_PHASES)[number] | 'tiles' | Exclude<StepPart, 'tiles'>;

/** Rows for 1, 2, 4, ... workers up to the bounds, the sizes that were measured, and `servers` as asked for. */
export function explain(
  model: PerformanceModel,
  spec: AutoscalingSpec,
  limits: Limits,
  servers: readonly number[] = [1],
): readonly ExplainedSize[] {
  const { observed, workload } = model.throughput;
  const cap = Math.min(limits.quotaWorkers ?? Infinity, limits.maximumSchedulableWorkers ?? Infinity);
  const most = Math.max(1, Math.min(spec.maximumWorkers ?? workload.blocksPerStep, MOST_WORKERS));
  const powers = Array.from({ length: 11 }, (_, i) => 2 ** i).filter((workers) => workers < most);
  const bounds = [most, spec.minimumWorkers, ...(cap < most ? [Math.max(1, Math.floor(cap))] : [])];
  const all = [...powers, ...bounds, ...observed.map(({ workers }) => workers)];
  const workers = [...new Set(all)].filter((count) => count >= 1 && count <= most).sort((a, b) => a - b);
  return servers.flatMap((count) => {
    const table = throughputTable(model.throughput, most, count);
    return workers.map((at) => row({ model, spec, limits, table }, { workers: at, servers: count }));
  });
}

interface Context {
  readonly model: PerformanceModel;
  readonly spec: AutoscalingSpec;
  readonly limits: Limits;
  readonly table: Float64Array;
}

function row({ model, spec, limits, table }: Context, size: Size): ExplainedSize {
  const { workers, servers } = size;
  const { tilesPerSecond, low, high, stepSeconds } = predictThroughput(model.throughput, size);
  const corner = cornerAt(frontier(table), workers);
  const [longest] = stepParts(model.throughput, size);
  const remaining = limits.remainingTiles;
  return {
    workers,
    servers,
    tilesPerSecond,
    low,
    high,
    efficiency: tilesPerSecond / (workers * table[1]!),
    marginal: corner.workers === workers ? corner.marginal : 0,
    bottleneck: longest!.part === 'tiles' ? longestPhase(model) : longest!.part,
    bottleneckShare: longest!.seconds / stepSeconds,
    costPerMillionTiles: 1e6 * costPerTile({ workers, rate: tilesPerSecond }, { spec, servers }),
    ...(remaining === undefined ? {} : { remainingSeconds: remaining / tilesPerSecond }),
    measured: model.throughput.observed.some((one) => one.workers === workers && one.servers === servers),
  };
}

function longestPhase({ tileCost, shape }: PerformanceModel): Bottleneck {
  const seconds = COMPUTE_PHASES.map((phase) => {
    const cost = tileCost[phase];
    return cost === undefined
      ? 0
      : cost.perPixel * shape.patchSize ** 2 + cost.perTile + cost.perBatch / shape.batch;
  });
  const longest = Math.max(...seconds);
  return longest > 0 ? COMPUTE_PHASES[seconds.indexOf(longest)]! : 'tiles';
}
