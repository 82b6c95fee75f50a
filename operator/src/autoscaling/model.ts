/** The performance model of a job: fitted to what is measured, begun with that of an earlier job. */
import { LONGEST_MODEL, type AutoscalingStatus, type WsiTrainingJob } from '@wsi-operator/api';
import { fitModel, parseModel, serialiseModel, type PerformanceModel } from '@wsi-operator/autoscaler';
import type { EarlierModel } from './earlier.ts';
import { jobName } from '../job/names.ts';
import type { Measured } from './measured.ts';
import { memorySamples } from './memory.ts';
import { shapeOf } from './shape.ts';

type WarmStart = NonNullable<AutoscalingStatus['warmStart']>;

export interface Fitted {
  readonly model?: PerformanceModel;
  /** The model as it is kept; absent when there is none that could be. */
  readonly text?: string;
  readonly warmStart?: WarmStart;
}

/** The status keeps what the job began with: the earlier job may be deleted, and the operator be restarted. */
export function fitted(
  job: WsiTrainingJob,
  standing: AutoscalingStatus | undefined,
  measured: Measured,
  offered: EarlierModel | undefined,
): Fitted {
  const warmStart = warmStartOf(job, standing, measured, offered);
  const shape = shapeOf(job, measured.device);
  const earlier = warmStart === undefined ? undefined : parseModel(warmStart.model);
  const { workload, observations } = measured;
  const fit = fitModel({
    shape,
    workload,
    observations,
    memory: memorySamples(job, measured),
    ...(earlier === undefined ? {} : { earlier }),
  });
  const text = fit === undefined ? undefined : serialiseModel(fit);
  // What does not read back (a number that is none) is no model to decide from either.
  const model = text === undefined ? undefined : parseModel(text);
  return {
    ...(model === undefined ? {} : { model }),
    ...(model === undefined || text === undefined || text.length > LONGEST_MODEL ? {} : { text }),
    ...(warmStart === undefined ? {} : { warmStart }),
  };
}

/**
 * In this order: this job's own model, when sizes that it was fitted to are not measured any more (the coordinator was
 * lost before a checkpoint); the one that it began with; one that is offered now that the device is known.
 */
function warmStartOf(
  job: WsiTrainingJob,
  standing: AutoscalingStatus | undefined,
  { observations }: Measured,
  offered: EarlierModel | undefined,
): WarmStart | undefined {
  const own = standing?.model === undefined ? undefined : parseModel(standing.model);
  const lost = own?.throughput.observed.some(
    (size) =>
      !observations.some(({ workers, servers }) => size.workers === workers && size.servers === servers),
  );
  if (lost === true && standing?.model !== undefined) return { job: jobName(job), model: standing.model };
  if (standing?.warmStart !== undefined) return standing.warmStart;
  // A job that has measured for itself is not begun again with another's model.
  return own === undefined && offered !== undefined ? usable(offered) : undefined;
}

/** Undefined for a model that does not read. */
export function usable(offered: EarlierModel | undefined): WarmStart | undefined {
  if (offered === undefined || offered.model.length > LONGEST_MODEL) return undefined;
  if (parseModel(offered.model) === undefined) return undefined;
  return { job: offered.job.slice(0, 253), model: offered.model };
}
