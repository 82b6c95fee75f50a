/**
 * Everything that is known about how a job of a shape performs: throughput, the cost of a tile, memory by role. It is
 * carried by checkpoints and by earlier jobs of the same shape, as JSON with a version.
 */
import { isRecord } from '@wsi-operator/foundation';
import { fitMemory, type MemoryModel, type MemorySample } from './memory.ts';
import { isUsable, type Observation, type Workload } from './observation.ts';
import { fitThroughput, type ThroughputModel } from './throughput.ts';
import { fitTileCost, type TileCost, type TileCostSample } from './tile-cost.ts';

/** What two jobs must have in common for one to predict the other. */
export interface Shape {
  readonly encoder: string;
  readonly aggregator: string;
  readonly patchSize: number;
  readonly batch: number;
  readonly device: string;
  readonly threads: number;
}

export interface PerformanceModel {
  readonly version: typeof MODEL_VERSION;
  readonly shape: Shape;
  readonly throughput: ThroughputModel;
  readonly tileCost: TileCost;
  /** By role. */
  readonly memory: Readonly<Partial<Record<string, MemoryModel>>>;
}

export const MODEL_VERSION = 1;

export interface ModelInput {
  readonly shape: Shape;
  readonly workload: Workload;
  readonly observations: readonly Observation[];
  /** By role; of this and of earlier jobs. */
  readonly memory?: Readonly<Record<string, readonly MemorySample[]>>;
  /** Of jobs of the same encoder and device with other patch sizes and batches. */
  readonly otherTileCosts?: readonly TileCostSample[];
  /** Of an earlier job of the same shape, or of this one's checkpoint: a warm start. */
  readonly earlier?: PerformanceModel;
}

/** One key for jobs that may warm-start each other. */
export function shapeKey(shape: Shape): string {
  const { encoder, aggregator, patchSize, batch, device, threads } = shape;
  return [encoder, aggregator, patchSize, batch, device, threads].join('/');
}

/** @returns undefined when nothing was measured, now or earlier */
export function fitModel(input: ModelInput): PerformanceModel | undefined {
  const { shape, workload, observations, memory = {}, earlier, otherTileCosts = [] } = input;
  const throughput = fitThroughput(workload, observations, earlier?.throughput);
  if (throughput === undefined) return undefined;
  const own = observations.filter(isUsable).map(({ tiles, phaseSeconds }) => ({
    patchSize: workload.patchSize,
    batch: workload.batch,
    tiles,
    phaseSeconds,
  }));
  const costs = [...own, ...otherTileCosts];
  const fitted = Object.entries(memory).map(([role, samples]) => [role, fitMemory(samples)] as const);
  return {
    version: MODEL_VERSION,
    shape,
    throughput,
    tileCost: costs.length === 0 ? (earlier?.tileCost ?? {}) : fitTileCost(costs),
    memory: {
      ...earlier?.memory,
      ...Object.fromEntries(fitted.filter(([, model]) => model !== undefined)),
    },
  };
}

/** The model as JSON. Numbers keep 6 digits: it is to fit into a status, and no prediction is better than that. */
export function serialiseModel(model: PerformanceModel): string {
  return JSON.stringify(model, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value,
  );
}

/**
 * @returns undefined for what is no model of this version: then nothing is known, and measuring begins again. A model
 *   must never keep a run from going on, so nothing is thrown.
 */
export function parseModel(json: string): PerformanceModel | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['version'] !== MODEL_VERSION) return undefined;
  const { shape, throughput, tileCost, memory } = value;
  if (!isRecord(shape) || !isThroughput(throughput) || !isRecord(tileCost) || !isRecord(memory)) {
    return undefined;
  }
  const phases = Object.values(tileCost).every((cost) => isRecord(cost) && numbersOf(Object.values(cost)));
  const roles = Object.values(memory).every(
    (role) => isRecord(role) && isVector(role['coefficients'], 3) && isNumber(role['noise']),
  );
  if (!phases || !roles || !isShape(shape)) return undefined;
  return value as unknown as PerformanceModel;
}

function isShape(shape: Record<string, unknown>): boolean {
  const { encoder, aggregator, device, patchSize, batch, threads } = shape;
  return (
    [encoder, aggregator, device].every((name) => typeof name === 'string') &&
    numbersOf([patchSize, batch, threads])
  );
}

function isThroughput(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { coefficients, covariance, parallelism, noise, observed, workload, warm } = value;
  return (
    isVector(coefficients, 5) &&
    Array.isArray(covariance) &&
    covariance.length === 5 &&
    covariance.every((row) => Array.isArray(row) && row.length === 5 && row.every(isFiniteNumber)) &&
    (parallelism === null || isNumber(parallelism)) &&
    isNumber(noise) &&
    typeof warm === 'boolean' &&
    Array.isArray(observed) &&
    observed.every((size) => isRecord(size) && numbersOf([size['workers'], size['servers']])) &&
    isWorkload(workload)
  );
}

function isWorkload(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { tilesPerStep, blocksPerStep, parameterBytes, patchSize, batch } = value;
  return numbersOf([tilesPerStep, blocksPerStep, parameterBytes, patchSize, batch]);
}

function isVector(value: unknown, length: number): boolean {
  return Array.isArray(value) && value.length === length && numbersOf(value);
}

function numbersOf(values: readonly unknown[]): boolean {
  return values.every(isNumber);
}

function isNumber(value: unknown): value is number {
  return isFiniteNumber(value) && value >= 0;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
