/** Time limits of a run, as moments (milliseconds since the epoch). */
import { findCondition, type JobCondition, type WsiTrainingJob } from '@wsi-operator/api';
import { moment } from './disruptions.ts';

/** A status is written far more often while a job trains: one that is older shows that nobody has reconciled the job since. */
const UNHEARD_MILLISECONDS = 600_000;

/**
 * When a job that is running will have used up runPolicy.activeDeadlineSeconds; undefined while it does not run. Only
 * active time counts, in which the coordinator, all servers and a worker run (the condition Running): a job that is
 * suspended, waits in a queue, or for a place, a quota or an image uses nothing up.
 */
export function deadline(job: WsiTrainingJob): number | undefined {
  const seconds = job.spec.runPolicy.activeDeadlineSeconds;
  const since = runningSince(job.status?.conditions);
  if (seconds === undefined || since === undefined) return undefined;
  return since + Math.max(0, seconds - (job.status?.activeSeconds ?? 0)) * 1000;
}

/** Active time so far, in seconds, without the stretch that has not ended yet. */
export function activeSeconds(
  { status = {} }: WsiTrainingJob,
  after: readonly JobCondition[],
  now: number,
): number {
  const before = status.activeSeconds ?? 0;
  const since = runningSince(status.conditions);
  if (since === undefined || runningSince(after) !== undefined) return before;
  const written = moment(status.updateTime) ?? now;
  const until = now - written > UNHEARD_MILLISECONDS ? written : now;
  return before + Math.max(0, until - since) / 1000;
}

function runningSince(conditions: readonly JobCondition[] | undefined): number | undefined {
  const running = findCondition(conditions, 'Running');
  return running?.status === 'True' ? moment(running.lastTransitionTime) : undefined;
}

/** When a finished job may be removed (runPolicy.ttlSecondsAfterFinished); also of a spec that is not valid. */
export function expiry(job: WsiTrainingJob): number | undefined {
  const { runPolicy } = (job.spec as Partial<WsiTrainingJob['spec']> | null | undefined) ?? {};
  const seconds: unknown = runPolicy?.ttlSecondsAfterFinished;
  const end = moment(job.status?.completionTime);
  if (typeof seconds !== 'number' || end === undefined) return undefined;
  return end + seconds * 1000;
}
