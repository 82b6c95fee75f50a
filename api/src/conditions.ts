/** Conditions with Kubernetes' semantics, and the words for them. */
import type { ConditionType, JobCondition, JobPhase } from './definition/job.ts';

/** Reason (for machines) with the message (for people) that goes with it; details may be added to the message. */
export const REASONS = {
  JobCreated: 'The job is accepted.',
  PodsStarting: 'Pods are being started.',
  PodsReady: 'Every role runs.',
  PodsUnschedulable: 'A pod finds no place in the cluster.',
  PodRestarting: 'A failed pod is being started again.',
  OutOfMemory: 'A pod was killed because it used more memory than its limit.',
  JobSuspended: 'The job is suspended; a checkpoint was written.',
  JobResumed: 'The job continues from its checkpoint.',
  ReplicasChanging: 'The number of pods is being changed.',
  ReplicasReached: 'The number of pods is the desired one.',
  TrainingCompleted: 'The run ended well.',
  InputInvalid: 'The job, its cohort or a slide is wrong; starting again would not help.',
  BackoffLimitExceeded: 'Pods failed more often than runPolicy.backoffLimit allows.',
  DeadlineExceeded: 'The job was active for longer than runPolicy.activeDeadlineSeconds.',
  JobFinished: 'The job has ended.',
} as const;
export type ConditionReason = keyof typeof REASONS;

export interface ConditionInput {
  readonly type: ConditionType;
  readonly status: JobCondition['status'];
  readonly reason: ConditionReason;
  /** Defaults to the reason's own message. */
  readonly message?: string;
  readonly observedGeneration?: number;
}

/**
 * A new list with `condition` in it; the others are kept in their order. `lastTransitionTime` changes only when
 * `status` does. The same list object is returned when nothing changes, so that a status write can be saved.
 *
 * @param now milliseconds since 1970, as of `Date.now()`
 */
export function setCondition(
  conditions: readonly JobCondition[],
  condition: ConditionInput,
  now: number,
): readonly JobCondition[] {
  const old = conditions.find(({ type }) => type === condition.type);
  const changed = old?.status !== condition.status;
  const next: JobCondition = {
    ...(condition.observedGeneration === undefined
      ? {}
      : { observedGeneration: condition.observedGeneration }),
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: condition.message ?? REASONS[condition.reason],
    // Kubernetes' times have whole seconds.
    lastTransitionTime: changed ? `${new Date(now).toISOString().slice(0, 19)}Z` : old.lastTransitionTime,
  };
  if (old === undefined) return [...conditions, next];
  if (sameCondition(old, next)) return conditions;
  return conditions.map((one) => (one.type === next.type ? next : one));
}

function sameCondition(one: JobCondition, other: JobCondition): boolean {
  return (
    one.status === other.status &&
    one.reason === other.reason &&
    one.message === other.message &&
    one.observedGeneration === other.observedGeneration
  );
}

export function findCondition(
  conditions: readonly JobCondition[] | undefined,
  type: ConditionType,
): JobCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly JobCondition[] | undefined, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/** The conditions in one word: the end wins over suspension, that over running. */
export function phaseOf(conditions: readonly JobCondition[] | undefined): JobPhase {
  for (const type of ['Failed', 'Succeeded', 'Suspended', 'Running'] as const) {
    if (isTrue(conditions, type)) return type;
  }
  return isTrue(conditions, 'Created') ? 'Starting' : 'Pending';
}
