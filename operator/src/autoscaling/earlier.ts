/** Which job's model a job may begin with. */
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import { moment } from './record.ts';
import { shapeName } from './shape.ts';

export interface EarlierModel {
  /** The job that it was measured on. */
  readonly job: string;
  /** JSON, see `serialiseModel`; perhaps torn. */
  readonly model: string;
}

export interface MeasuredJob {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly status: WsiTrainingJobStatus | undefined;
}

/** A job that may begin with another's model. */
export interface ModelSought {
  /** What the model must be of. */
  readonly shape: string;
  /** The newest one of that shape in the job's own namespace: what others measure is none of its business. */
  among(others: Iterable<MeasuredJob>): EarlierModel | undefined;
}

/**
 * Undefined once the job has a model of its own, or has begun with another's.
 * @param device what the job's workers were measured on, once that is known
 */
export function modelSought(job: WsiTrainingJob, device: string | undefined): ModelSought | undefined {
  const { model, warmStart } = job.status?.autoscaling ?? {};
  if (model !== undefined || warmStart !== undefined) return undefined;
  const shape = shapeName(job, device);
  return { shape, among: (others) => newestOf(shape, job, others) };
}

function newestOf(
  shape: string,
  job: WsiTrainingJob,
  others: Iterable<MeasuredJob>,
): EarlierModel | undefined {
  const { name, namespace } = job.metadata;
  let found: EarlierModel | undefined;
  let newest = -1;
  for (const other of others) {
    const { model, shape: otherShape, time } = other.status?.autoscaling ?? {};
    if (model === undefined || otherShape !== shape) continue;
    if (other.namespace !== namespace || other.name === name || moment(time) <= newest) continue;
    newest = moment(time);
    found = { job: other.name, model };
  }
  return found;
}
