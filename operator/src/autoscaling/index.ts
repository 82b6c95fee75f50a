/**
 * Autoscaling of a job, behind one function. See autoscale.ts for when something is decided, standing.ts for what stands
 * until then.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { AutoscalingSpec, Limits } from '@wsi-operator/autoscaler';
import { modelSought, type ModelSought } from './earlier.ts';
import { knownLimits } from './limits.ts';
import { autoscalingSettings, type SizedByItsSpec } from './settings.ts';
import { sizeJob, type Sizing, type SizingInput } from './sizing.ts';

export type { Sizing } from './sizing.ts';
export type { Autoscaled, AutoscalingObserved } from './input.ts';
export type { EarlierModel, MeasuredJob } from './earlier.ts';
export type { MeasuredMemory, MeasuredWindow, MeasuredWorker, TrainingMeasurement } from './measurement.ts';
export type { SizedByItsSpec } from './settings.ts';

/** What can be said of the sizes of a job of which little is at hand. Each part is worked out when it is asked for. */
export interface SizeChoice {
  /** What `spec.autoscaling` asks for. @throws WsiError for a quantity that is none */
  settings(): AutoscalingSpec;
  /**
   * What keeps the job from some sizes, as far as its spec and its stored status say.
   * @param now milliseconds since the epoch
   */
  limits(now: number): Limits;
}

/** What autoscaling says of a job. */
export interface JobAutoscaling extends SizeChoice {
  /**
   * The model that the job may begin with; undefined once it has one.
   * @param device what its workers were measured on, once that is known
   */
  modelSought(device: string | undefined): ModelSought | undefined;
  /** Its part of a pass over the job. */
  size(pass: Omit<SizingInput, 'job'>): Sizing;
}

/** What autoscaling says of the job, which is as it is stored: pure, and nothing is kept between two calls. */
export function autoscalingOf(job: WsiTrainingJob): JobAutoscaling;
export function autoscalingOf(job: SizedByItsSpec): SizeChoice;
export function autoscalingOf(job: SizedByItsSpec): SizeChoice | JobAutoscaling {
  // What asks for more than this has a whole job, by the first signature.
  const whole = job as WsiTrainingJob;
  return {
    settings: () => autoscalingSettings(job),
    limits: (now) => knownLimits(job, now),
    modelSought: (device) => modelSought(whole, device),
    size: (pass) => sizeJob({ ...pass, job: whole }),
  } satisfies JobAutoscaling;
}
