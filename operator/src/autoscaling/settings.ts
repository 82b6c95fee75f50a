/** What the autoscaler is asked for: `spec.autoscaling` in the terms of the autoscaler's own library. */
import { parseDuration, parseQuantity, type WsiTrainingJob } from '@wsi-operator/api';
import { autoscalingSpec, MOST_WORKERS, type AutoscalingSpec } from '@wsi-operator/autoscaler';

/** What of a job its sizes are chosen by. */
export interface SizedByItsSpec {
  readonly spec: Pick<WsiTrainingJob['spec'], 'autoscaling'> & {
    readonly parameterServers: Pick<WsiTrainingJob['spec']['parameterServers'], 'replicas'>;
  };
  readonly status?: WsiTrainingJob['status'] | undefined;
}

/** Of a job without `spec.autoscaling`: the defaults, within what its spec says of sizes. */
export function autoscalingSettings(job: SizedByItsSpec): AutoscalingSpec {
  const { autoscaling, parameterServers } = job.spec;
  const { minimumServers = 1, maximumServers } = autoscaling ?? {};
  const fixed = parameterServers.replicas;
  const { maximum, ...memory } = autoscaling?.memory ?? {};
  return autoscalingSpec({
    ...autoscaling,
    minimumServers: maximumServers === undefined ? fixed : minimumServers,
    maximumServers: maximumServers ?? fixed,
    memory: { ...memory, ...(maximum === undefined ? {} : { maximumBytes: parseQuantity(maximum) }) },
  });
}

/** Milliseconds since the epoch; undefined without a deadline, or before the start. */
export function deadlineTime(job: SizedByItsSpec): number | undefined {
  const deadline = job.spec.autoscaling?.deadline;
  const start = Date.parse(job.status?.startTime ?? '');
  return deadline === undefined || Number.isNaN(start) ? undefined : start + parseDuration(deadline) * 1000;
}

/** Whole, and within what the user allows. */
export function workersWithin(settings: AutoscalingSpec, workers: number): number {
  const most = Math.min(settings.maximumWorkers ?? MOST_WORKERS, MOST_WORKERS);
  return within(workers, Math.min(settings.minimumWorkers, most), most);
}

export function serversWithin(settings: AutoscalingSpec, servers: number): number {
  return within(servers, settings.minimumServers, settings.maximumServers);
}

function within(value: number, least: number, most: number): number {
  const whole = Number.isFinite(value) ? Math.round(value) : least;
  return Math.max(1, Math.min(most, Math.max(least, whole)));
}
