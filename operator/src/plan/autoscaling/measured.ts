/**
 * What the coordinator says that it measured, as far as it can be believed: a torn or hostile answer must neither stop
 * the loop nor size a job.
 */
import { isUsable, MOST_WORKERS, type Observation, type Workload } from '@wsi/autoscaler';
import type { MeasuredMemory, TrainingMeasurement, MeasuredWorker } from '../../cluster/port.ts';
import { ROLES, type Role } from '../names.ts';

export interface Measured {
  readonly workload: Workload;
  readonly device: string;
  readonly observations: readonly Observation[];
  readonly workers: readonly MeasuredWorker[];
  readonly memory: Readonly<Partial<Record<Role, MeasuredMemory>>>;
  readonly remainingTiles?: number;
  readonly joinSeconds?: number;
}

const MOST_SERVERS = 64;
/** More sizes than that no job has run at that could be told apart. */
const MOST_SIZES = 32;
const MOST_PHASES = 24;
const LARGEST = 1e15;
const SMALLEST = 1e-6;

/** @returns undefined when there is nothing to decide from */
export function believable(measurement: TrainingMeasurement | undefined): Measured | undefined {
  if (measurement === undefined) return undefined;
  const workload = workloadOf(measurement.workload);
  if (workload === undefined) return undefined;
  const { remainingTiles, joinSeconds, device } = measurement;
  return {
    workload,
    device: /^[a-z0-9-]{1,32}$/.test(device) ? device : 'cpu',
    observations: measurement.observations.flatMap((one) => observationOf(one) ?? []).slice(-MOST_SIZES),
    workers: measurement.workers.filter(({ replica }) => Number.isInteger(replica) && replica >= 0),
    memory: memoryOf(measurement.memory),
    ...(isNumber(remainingTiles) ? { remainingTiles } : {}),
    ...(isNumber(joinSeconds) && joinSeconds > 0 ? { joinSeconds } : {}),
  };
}

function workloadOf(given: Workload): Workload | undefined {
  const { tilesPerStep, blocksPerStep, parameterBytes, patchSize, batch } = given;
  const positive = [tilesPerStep, blocksPerStep, patchSize, batch].every(isPositive);
  if (!positive || !isNumber(parameterBytes)) return undefined;
  return { ...given, blocksPerStep: Math.max(1, Math.round(blocksPerStep)) };
}

function observationOf(given: Observation): Observation | undefined {
  const { workers, servers, tiles, steps, seconds } = given;
  const sizes = isSize(workers, MOST_WORKERS) && isSize(servers, MOST_SERVERS);
  if (!isUsable(given) || !sizes || ![tiles, steps, seconds, seconds / steps].every(isPositive)) {
    return undefined;
  }
  const phases = Object.entries(given.phaseSeconds).filter(([, value]) => isNumber(value));
  return { ...given, phaseSeconds: Object.fromEntries(phases.slice(0, MOST_PHASES)) };
}

function memoryOf(given: TrainingMeasurement['memory']): Measured['memory'] {
  const known = ROLES.flatMap((role) => {
    const memory = given[role];
    if (memory === undefined || !isPositive(memory.peakBytes)) return [];
    const peaks = memory.peaks.filter(({ seconds, bytes }) => isNumber(seconds) && isPositive(bytes));
    return [[role, { ...memory, peaks: peaks.slice(-16) }] as const];
  });
  return Object.fromEntries(known);
}

function isNumber(value: number): boolean {
  return Number.isFinite(value) && value >= 0 && value <= LARGEST;
}

function isPositive(value: number): boolean {
  return isNumber(value) && value >= SMALLEST;
}

function isSize(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
