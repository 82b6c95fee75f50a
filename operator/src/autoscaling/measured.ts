/** What the coordinator has measured, as the autoscaler takes it: without what is not known. */
import type { Observation, Workload } from '@wsi-operator/autoscaler';
import type { MeasuredMemory, MeasuredWorker, TrainingMeasurement } from './measurement.ts';
import { ROLES, type Role } from '../job/names.ts';

export interface Measured {
  readonly workload: Workload;
  readonly device: string;
  readonly observations: readonly Observation[];
  readonly workers: readonly MeasuredWorker[];
  readonly memory: Readonly<Partial<Record<Role, MeasuredMemory>>>;
  readonly remainingTiles: number;
  readonly joinSeconds?: number;
}

/** @returns undefined when there is nothing to decide from */
export function measuredOf(measurement: TrainingMeasurement | undefined): Measured | undefined {
  if (measurement === undefined || measurement.workload.tilesPerStep === 0) return undefined;
  const { workload, device, observations, workers, memory, remainingTiles, joinSeconds } = measurement;
  return {
    workload: { ...workload, blocksPerStep: Math.max(1, Math.round(workload.blocksPerStep)) },
    device,
    observations,
    workers,
    memory: knownOf(memory),
    remainingTiles,
    ...(joinSeconds > 0 ? { joinSeconds } : {}),
  };
}

function knownOf(memory: TrainingMeasurement['memory']): Measured['memory'] {
  const known = ROLES.flatMap((role) => {
    const measured = memory[role];
    return measured === undefined || measured.peakBytes === 0 ? [] : [[role, measured] as const];
  });
  return Object.fromEntries(known);
}
