/** Time limits of a run, as moments (milliseconds since the epoch). */
import { findCondition, type WsiTrainingJob } from '@wsi/api';

/** When a job has used up runPolicy.activeDeadlineSeconds, counted from its start or the end of its suspension. */
export function deadline(job: WsiTrainingJob): number | undefined {
  const seconds = job.spec.runPolicy.activeDeadlineSeconds;
  const start = job.status?.startTime;
  if (seconds === undefined || start === undefined) return undefined;
  const suspended = findCondition(job.status?.conditions, 'Suspended');
  const resumed = suspended?.status === 'False' ? Date.parse(suspended.lastTransitionTime) : 0;
  return Math.max(Date.parse(start), resumed) + seconds * 1000;
}

/** When a finished job may be removed (runPolicy.ttlSecondsAfterFinished). */
export function expiry(job: WsiTrainingJob): number | undefined {
  const seconds = job.spec.runPolicy.ttlSecondsAfterFinished;
  const end = job.status?.completionTime;
  if (seconds === undefined || end === undefined) return undefined;
  return Date.parse(end) + seconds * 1000;
}
