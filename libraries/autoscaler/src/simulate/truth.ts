/** How long a simulated step really takes. */
import type { TracedJob } from './trace.ts';

export interface Circumstances {
  /** Workers that compute. */
  readonly workers: number;
  /** Their speed together, in workers that are not slow. */
  readonly effective: number;
  /** Share of the cluster's devices that are busy. */
  readonly busy: number;
}

/**
 *   fixed + tiles (1 + contention busy) (1 + tail ln w) w/effective + parameters w / p + perWorker w^exponent
 *
 * Whole blocks a worker. The model that is fitted has neither tail nor exponent nor contention: it is to be wrong in the
 * ways in which models are.
 */
export function trueStepSeconds(job: TracedJob, { workers, effective, busy }: Circumstances): number {
  return trueComputeSeconds(job, { workers, effective, busy }) + coordinationSeconds(job, workers);
}

/** The part of a step in which a worker computes. */
export function trueComputeSeconds(job: TracedJob, { workers, effective, busy }: Circumstances): number {
  const { tileSeconds, tail, contention } = job.truth;
  const { blocksPerStep, tilesPerStep } = job.workload;
  const share = Math.ceil(blocksPerStep / workers) * (tilesPerStep / blocksPerStep);
  return (
    share * tileSeconds * (1 + contention * busy) * (1 + tail * Math.log(workers)) * (workers / effective)
  );
}

function coordinationSeconds({ truth, servers }: TracedJob, workers: number): number {
  const { fixedSeconds, parameterSeconds, perWorkerSeconds, exponent } = truth;
  return fixedSeconds + (parameterSeconds * workers) / servers + perWorkerSeconds * workers ** exponent;
}

/** True tiles a second at 0, 1, ... workers, none of them slow. */
export function trueTable(job: TracedJob, busy: number): Float64Array {
  const most = Math.min(job.maximumWorkers, job.workload.blocksPerStep);
  return Float64Array.from({ length: most + 1 }, (_, workers) =>
    workers === 0
      ? 0
      : job.workload.tilesPerStep / trueStepSeconds(job, { workers, effective: workers, busy }),
  );
}
