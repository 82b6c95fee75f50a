/** What the autoscaling of a job is decided from, and what comes of it. */
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import type { Size } from '@wsi-operator/autoscaler';
import type { EarlierModel } from './earlier.ts';
import type { TrainingMeasurement } from './measurement.ts';
import type { PlanEvent, Refusal } from '../job/actions.ts';
import type { ObservedSlot, Snapshot } from '../job/snapshot.ts';
import type { Measured } from './measured.ts';
import type { Fitted } from './model.ts';
import { shapeName } from './shape.ts';

/** What is observed of a job, as far as its size depends on it. */
export interface AutoscalingObserved {
  readonly hasPods: boolean;
  /** Absent until the coordinator has measured, and while it does not answer. */
  readonly measurement?: TrainingMeasurement | undefined;
  readonly refusals: readonly Refusal[];
  /** Of an earlier job that is like this one. */
  readonly earlierModel?: EarlierModel | undefined;
}

export interface AutoscalingInput {
  /** As it is stored. */
  readonly job: WsiTrainingJob;
  /** The same at its present size. */
  readonly sized: WsiTrainingJob;
  readonly standing: AutoscalingStatus | undefined;
  readonly observed: AutoscalingObserved;
  readonly snapshot: Snapshot;
  /** How many workers the gang lets run. */
  readonly admitted: number;
  /** Why the gang's queue can never let more of them run, in its words. */
  readonly neverMore?: string;
  /** A change of memory stops the job: it has to be admitted again. */
  readonly fixedPods: boolean;
  /** Where this pass sees for the first time that a pod was killed for memory. */
  readonly killed: readonly ObservedSlot[];
  readonly now: number;
}

export interface Autoscaled {
  readonly autoscaling: AutoscalingStatus | undefined;
  readonly events: readonly PlanEvent[];
  /** When to reconcile again (milliseconds since the epoch). */
  readonly due: readonly number[];
}

/** Replicas that the spec asks for. */
export function sizeOf({ spec }: WsiTrainingJob): Size {
  return { workers: spec.workers.replicas, servers: spec.parameterServers.replicas };
}

/** What is learned of any job, whether or not it is autoscaled. */
export function knowledge(
  job: WsiTrainingJob,
  { device, remainingTiles }: Measured,
  fit: Fitted,
): Pick<AutoscalingStatus, 'shape' | 'model' | 'warmStart' | 'remainingTiles'> {
  return {
    shape: shapeName(job, device),
    ...(fit.text === undefined ? {} : { model: fit.text }),
    ...(fit.warmStart === undefined ? {} : { warmStart: fit.warmStart }),
    remainingTiles,
  };
}
