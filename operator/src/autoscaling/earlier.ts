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

/** False once it has a model of its own, or has begun with another's: then nobody need look for one. */
export function asksForModel({ status }: WsiTrainingJob): boolean {
  return status?.autoscaling?.model === undefined && status?.autoscaling?.warmStart === undefined;
}

/**
 * The newest model of the same shape in the job's own namespace: what others measure is none of its business.
 * @param device what the job's workers were measured on, once that is known
 */
export function earlierModelOf(
  job: WsiTrainingJob,
  device: string | undefined,
  others: Iterable<MeasuredJob>,
): EarlierModel | undefined {
  if (!asksForModel(job)) return undefined;
  const shape = shapeName(job, device);
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
