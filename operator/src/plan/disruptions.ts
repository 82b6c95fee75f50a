/** Ends that the cluster has brought about: they are no fault of the job, and do not count against its back-off limit. */
import type { V1Pod } from '../kubernetes-types.ts';
import { trainerEnd, trainerStatus } from '../job/snapshot.ts';

/**
 * Reasons in a pod's status: moved away (also by its own deadline, which no template of ours has), or turned away by the
 * kubelet of the node that the scheduler had chosen. What a template itself asks for and a node does not allow
 * (SysctlForbidden, AppArmor) is not among them: it would be turned away for ever.
 */
const POD_REASONS =
  /^(Evicted|Preempting|Preempted|NodeLost|NodeShutdown|NodeAffinity|Terminated|Shutdown|DeadlineExceeded|OutOf.+|UnexpectedAdmissionError|UnexpectedPredicateFailureType|InvalidNodeInfo|TopologyAffinityError|SMTAlignmentError|VolumeAttachmentLimitExceeded)$/;

/**
 * Reasons of a container of which nobody knows how it ended: the node was restarted, or its runtime was. The exit code
 * beside it (137, 255) is a stand-in.
 */
const LOST_REASONS: readonly string[] = ['ContainerStatusUnknown', 'Unknown'];

export function isLostReason(reason: string | undefined): boolean {
  return LOST_REASONS.includes(reason ?? '');
}

export function isDisrupted(pod: V1Pod): boolean {
  const { conditions = [], phase, reason = '' } = pod.status ?? {};
  const target = conditions.some((entry) => entry.type === 'DisruptionTarget' && entry.status === 'True');
  if (target || phase === 'Unknown' || POD_REASONS.test(reason)) return true;
  return isLostReason(trainerEnd(pod)?.reason) || (!hasStarted(pod) && initWasLost(pod));
}

/** Its own program has run, for however short a time. */
export function hasStarted(pod: V1Pod): boolean {
  const state = trainerStatus(pod)?.state;
  if (state?.terminated !== undefined) return moment(state.terminated.startedAt) !== undefined;
  return state?.running !== undefined || (state === undefined && pod.status?.phase === 'Running');
}

function initWasLost(pod: V1Pod): boolean {
  return (pod.status?.initContainerStatuses ?? []).some(({ state }) =>
    isLostReason(state?.terminated?.reason),
  );
}

/** Milliseconds since the epoch; undefined for what is no time, and for Go's zero time. */
export function moment(time: string | Date | null | undefined): number | undefined {
  const parsed = time === undefined || time === null ? Number.NaN : Date.parse(String(time));
  return Number.isNaN(parsed) || parsed < 0 ? undefined : parsed;
}
