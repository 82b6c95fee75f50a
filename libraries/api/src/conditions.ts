/** Conditions with Kubernetes' semantics, and the words for them. */
import type { ConditionType, JobCondition, JobPhase } from './definition/job.ts';

/** Reason (for machines) with the message (for people) that goes with it; details may be added to the message. */
export const REASONS = {
  JobCreated: 'The job is accepted.',
  PodsStarting: 'Pods are being started.',
  PodsReady: 'Every role runs.',
  Unschedulable: 'A pod finds no place in the cluster.',
  PodStuck: 'A pod has not been started for minutes, and nobody says why.',
  InitContainerRunning: 'An init container has been running for minutes; its role starts when it ends.',
  NodeUnreachable: 'The node of a pod does not answer; nobody knows whether the pod still runs.',
  ImagePullFailed: 'The image of a pod cannot be pulled.',
  ContainerConfigInvalid: 'A container cannot be made, such as for want of a Secret or a ConfigMap.',
  ContainerFailing: 'A container beside a role ends repeatedly.',
  QuotaExceeded: 'The quota of the namespace does not allow a pod.',
  ObjectRefused: 'The API server refuses an object of the job.',
  QueuePending: 'The job waits in a queue to be admitted.',
  GangUnavailable: 'The cluster does not have what runPolicy.gang asks for.',
  Evicted: 'The admission was withdrawn; the job stops with a checkpoint and waits in its queue.',
  NotAllowed: 'The administrator of the cluster does not allow what the job asks for; no pod is made.',
  InvalidSpec: 'The spec is not valid; nothing is done until it is.',
  InternalError: 'The operator cannot reconcile the job because of a fault of its own.',
  PodRestarting: 'A failed pod is being started again.',
  OutOfMemory: 'A pod was killed because it used more memory than its limit.',
  JobSuspended: 'The job is suspended; a checkpoint was written.',
  JobResumed: 'The job continues from its checkpoint.',
  ReplicasChanging: 'The number of pods is being changed.',
  Autoscaled: 'The autoscaler has changed the number of workers.',
  ReplicasReached: 'The number of pods is the desired one.',
  NothingInTheWay: 'Nothing is known to be in the way of a pod.',
  TrainingCompleted: 'The run ended well.',
  InputInvalid: 'The job, its cohort or a slide is wrong; starting again would not help.',
  BackoffLimitExceeded: 'A pod failed more often in a row than runPolicy.backoffLimit allows.',
  PodFailurePolicy: 'A rule of runPolicy.podFailurePolicy ends the job.',
  DeadlineExceeded: 'The job was active for longer than runPolicy.activeDeadlineSeconds.',
  JobFinished: 'The job has ended.',
} as const;
/** Warnings of the status: the job continues, but needs attention. */
export const WARNINGS = {
  OutputNotPersistent:
    'The output is in the pod of the coordinator and is lost with it: set storage.output to keep checkpoints and results.',
  CertificatesExpiring:
    'The certificates of the job expire soon. Three days before, it stops and goes on from its checkpoint with new ones; suspend and resume it to have that sooner.',
  FieldOutdated:
    'runPolicy.managedBy is outdated: write managedBy of the spec, where Kueue looks for it, in the next manifest.',
  TopologyIgnored:
    'The templates ask for a topology of Kueue, which does not admit the job: set runPolicy.gang to kueue, or leave the annotations kueue.x-k8s.io/podset-* out.',
  CoordinatorSilent:
    'The coordinator has not answered the operator for 5 minutes: progress and the time left are from before. The run may well go on; see the log of its pod, and check that the network lets the operator in.',
  AnswerRefused:
    "The coordinator's answer is none that the operator takes: larger than 256 KiB, with more entries than a coordinator has, or not of its protocol. What the status says of progress is from before. Use the trainer's image of the operator's version.",
  DevicesUnused: 'Pods ask for devices that nothing computes on:',
  ForeignPods:
    'Pods carry the labels of this job, or name it as their owner, and were not made for it by the operator. They count for nothing; find out who makes them:',
  ObjectContested:
    'Somebody else changes or deletes objects of the job again and again: the audit log of the API server, or kubectl get --show-managed-fields, shows who.',
} as const;
export type WarningReason = keyof typeof WARNINGS;

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

/** Reasons of a job that is not let in: none of its pods is being made. */
const WAITING_REASONS: readonly string[] = ['QueuePending', 'GangUnavailable', 'NotAllowed', 'InvalidSpec'];

/** The conditions in one word: the end wins over suspension, that over running. */
export function phaseOf(conditions: readonly JobCondition[] | undefined): JobPhase {
  for (const type of ['Failed', 'Succeeded', 'Suspended', 'Running'] as const) {
    if (isTrue(conditions, type)) return type;
  }
  const why = findCondition(conditions, 'Running')?.reason ?? '';
  if (WAITING_REASONS.includes(why)) return 'Pending';
  return isTrue(conditions, 'Created') ? 'Starting' : 'Pending';
}
