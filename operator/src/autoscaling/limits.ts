/** What the cluster can give the job now, and what a change would cost it. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Limits, Size } from '@wsi-operator/autoscaler';
import type { Measured } from './measured.ts';
import { capOf, type Room } from './room.ts';
import { deadlineTime, type SizedByItsSpec } from './settings.ts';

export interface LimitsInput {
  readonly job: WsiTrainingJob;
  readonly measured: Measured;
  readonly room: Room;
  /** Workers that are to run do not yet: they start, find no place, or wait in a queue for their quota. */
  readonly waiting: boolean;
  readonly current: Size;
  /** For another number of servers. */
  readonly mayRestart: boolean;
  readonly now: number;
}

/** A checkpoint, servers that start and workers that join; counted in times that a worker takes to join. */
const JOINS_A_RESTART = 3;
const LEAST_RESTART_SECONDS = 60;

export function limitsOf(input: LimitsInput): Limits {
  const { job, measured, room, waiting, current, mayRestart, now } = input;
  const { joinSeconds, remainingTiles } = measured;
  const deadline = deadlineTime(job);
  const schedulable = capOf(room.schedulable, now);
  const allowed = capOf(room.quota, now);
  // No more are asked for while some are waited for: a queue would only grow longer.
  const quota = waiting ? Math.min(allowed ?? Infinity, Math.max(1, current.workers)) : allowed;
  const restart = Math.max(LEAST_RESTART_SECONDS, JOINS_A_RESTART * (joinSeconds ?? 0));
  return {
    ...(schedulable === undefined ? {} : { maximumSchedulableWorkers: schedulable }),
    ...(quota === undefined ? {} : { quotaWorkers: quota }),
    ...(joinSeconds === undefined ? {} : { rescaleSeconds: joinSeconds }),
    ...(mayRestart && job.spec.autoscaling?.maximumServers !== undefined ? { restartSeconds: restart } : {}),
    remainingTiles,
    ...(deadline === undefined ? {} : { secondsToDeadline: (deadline - now) / 1000 }),
  };
}

/**
 * As far as the job's spec and its stored status say; what a change would cost it only its coordinator measures.
 * @param now milliseconds since the epoch
 */
export function knownLimits(job: SizedByItsSpec, now: number): Limits {
  const known = job.status?.autoscaling ?? {};
  const schedulable = capOf(known.schedulable, now);
  const quota = capOf(known.quota, now);
  const deadline = deadlineTime(job);
  const over = job.status?.completionTime !== undefined;
  return {
    ...(schedulable === undefined ? {} : { maximumSchedulableWorkers: schedulable }),
    ...(quota === undefined ? {} : { quotaWorkers: quota }),
    ...(known.remainingTiles === undefined || over ? {} : { remainingTiles: known.remainingTiles }),
    ...(deadline === undefined || over ? {} : { secondsToDeadline: (deadline - now) / 1000 }),
  };
}
