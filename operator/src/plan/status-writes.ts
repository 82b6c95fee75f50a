/**
 * Sparing the API server: numbers that change all the time (progress, counts of pods on their way) are written now and
 * then; everything that somebody may wait for (a condition, an end, a phase) at once.
 */
import { canonicalJson } from '@wsi-operator/foundation';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { moment } from './disruptions.ts';

/** Counts are read while pods start: they may not lag behind for long. */
const COUNTS_INTERVAL_MILLISECONDS = 2_000;

export interface StatusWrite {
  /** The stored status itself when nothing is to be written now. */
  readonly status: WsiTrainingJobStatus;
  /** When what is held back is to be written (milliseconds since the epoch). */
  readonly due: number | undefined;
}

/** @param running false: nothing is held back, a job that has ended or stops changes rarely */
export function chooseStatus(
  stored: WsiTrainingJobStatus | undefined,
  fresh: WsiTrainingJobStatus,
  options: { readonly running: boolean; readonly intervalMilliseconds: number; readonly now: number },
): StatusWrite {
  const { now, running, intervalMilliseconds } = options;
  const before = stored === undefined ? undefined : withoutTime(stored);
  if (stored !== undefined && canonicalJson(before) === canonicalJson(withoutTime(fresh))) {
    return { status: stored, due: undefined };
  }
  const written = { ...fresh, updateTime: new Date(now).toISOString() };
  if (!running || stored === undefined || !same(essence(stored), essence(fresh))) {
    return { status: written, due: undefined };
  }
  const countsOnly = same(stored.progress, fresh.progress);
  const interval = countsOnly
    ? Math.min(COUNTS_INTERVAL_MILLISECONDS, intervalMilliseconds)
    : intervalMilliseconds;
  const last = moment(stored.updateTime) ?? 0;
  const due = last + interval;
  // A last write in the future: the clock has been put back.
  return due <= now || last > now ? { status: written, due: undefined } : { status: stored, due };
}

function withoutTime({ updateTime: _ours, ...rest }: WsiTrainingJobStatus): WsiTrainingJobStatus {
  return rest;
}

function same(one: unknown, other: unknown): boolean {
  return canonicalJson(one ?? null) === canonicalJson(other ?? null);
}

/** What is not held back. */
function essence(status: WsiTrainingJobStatus): unknown {
  const { conditions = [], failures = [], warnings = [] } = status;
  return {
    conditions: conditions.map(({ type, status: holds, reason }) => [type, holds, reason]),
    failures: failures.map(({ pod, uid, failures: ends }) => [pod, uid, ends]),
    warnings: warnings.map(({ reason }) => reason),
    desired: [status.coordinator, status.parameterServers, status.workers].map((role) => role?.desired),
    rest: [
      status.phase,
      status.observedGeneration,
      status.startTime,
      status.completionTime,
      status.suspended,
      status.restarts,
    ],
    checkpoint: status.checkpoint,
    // What was decided is acted on once it is written, and not decided twice.
    autoscaling: status.autoscaling,
  };
}
