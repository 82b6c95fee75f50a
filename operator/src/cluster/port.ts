/**
 * The cluster as the reconciler uses it: it observes a job, applies what was planned and hears of changes. Two
 * implementations: `local` (processes and directories on this machine) and `kubernetes`. What is observed, and what may
 * be done, are the plan's own types (../plan): the plan does not know of clusters.
 */
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import type { Action, PlanEvent } from '../job/actions.ts';
import type { Observed } from '../plan/observed.ts';

/** `NAMESPACE/NAME` of a job. The queue holds keys, never objects: each pass observes its job again. */
export type JobKey = string;

export interface ObservedJob {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
}

export interface Cluster {
  /** Undefined when the job is gone. */
  observe(key: JobKey): Promise<ObservedJob | undefined>;
  /** Idempotent; a failure is a WsiError and the action is planned again from a fresh observation. */
  apply(key: JobKey, action: Action): Promise<void>;
  writeStatus(key: JobKey, status: WsiTrainingJobStatus): Promise<void>;
  emit(key: JobKey, events: readonly PlanEvent[]): Promise<void>;
  /**
   * Calls back with the key of each job that there is, and then whenever something about a job may have changed, until the
   * signal is aborted. Keys are not merged: that is the queue's work.
   */
  watch(signal: AbortSignal, onChange: (key: JobKey) => void): void;
}
