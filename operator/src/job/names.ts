/** Names, labels and addresses: all a function of (job, role, index), so that a name is never given twice. */
import type { V1ObjectMeta, V1OwnerReference, V1Pod } from '../kubernetes-types.ts';
import {
  LABELS,
  OWN_LABELS,
  podNameOf,
  ROLE_FIELDS,
  ROLES,
  RPC_PORT,
  slotOfLabels,
  TRAINER_CONTAINER,
  type Role,
  type Slot,
  type WsiTrainingJob,
} from '@wsi-operator/api';

export { LABELS, podNameOf, ROLES, RPC_PORT, TRAINER_CONTAINER, type Role, type Slot };

/** Which spec a pod was made for; see {@link ../objects/revision.ts}. */
export const REVISION_ANNOTATION = 'wsi.dev/revision';

export function jobName(job: WsiTrainingJob): string {
  return job.metadata.name;
}

export function jobNamespace(job: WsiTrainingJob): string {
  return job.metadata.namespace ?? 'default';
}

export function podName(job: WsiTrainingJob, slot: Slot): string {
  return podNameOf(jobName(job), slot);
}

/** Headless service under which every pod of the job has a stable host name. */
export function serviceName(job: WsiTrainingJob): string {
  return jobName(job);
}

export function configMapName(job: WsiTrainingJob): string {
  return `${jobName(job)}-job`;
}

/** Secret with the job's certificates. */
export function certificateSecretName(job: WsiTrainingJob): string {
  return `${jobName(job)}-tls`;
}

/** Claim that is made for the output (`storage.output.size`). */
export function outputClaimName(job: WsiTrainingJob): string {
  return `${jobName(job)}-output`;
}

/** Host name of a pod, as other pods of the job reach it; its certificate is for this name. */
export function hostName(job: WsiTrainingJob, slot: Slot): string {
  return `${podName(job, slot)}.${serviceName(job)}.${jobNamespace(job)}.svc`;
}

/** `HOST:PORT` of a pod. */
export function address(job: WsiTrainingJob, slot: Slot): string {
  return `${hostName(job, slot)}:${RPC_PORT}`;
}

/** How many pods of a role the spec asks for. */
export function replicasOf(job: WsiTrainingJob, role: Role): number {
  const part = job.spec[ROLE_FIELDS[role]];
  return 'replicas' in part ? part.replicas : 1;
}

/**
 * Every slot that is to be filled, in the order of starting.
 * @param workers how many workers may run; by default those that the spec asks for
 */
export function desiredSlots(job: WsiTrainingJob, workers = replicasOf(job, 'worker')): Slot[] {
  return ROLES.flatMap((role) =>
    Array.from({ length: role === 'worker' ? workers : replicasOf(job, role) }, (_unused, index): Slot => ({
      role,
      index,
    })),
  );
}

/** What objects of jobs say of who made them, in the label of that name. */
export const MANAGED_BY = 'wsi-operator';

export function jobLabels(job: WsiTrainingJob): Record<string, string> {
  return {
    [OWN_LABELS.name]: 'wsi-training-job',
    [OWN_LABELS.instance]: jobName(job),
    [OWN_LABELS.managedBy]: MANAGED_BY,
    [LABELS.job]: jobName(job),
  };
}

export function slotLabels(job: WsiTrainingJob, slot: Slot): Record<string, string> {
  return {
    ...jobLabels(job),
    [OWN_LABELS.component]: slot.role,
    [LABELS.role]: slot.role,
    [LABELS.replica]: String(slot.index),
  };
}

/** The slot of a pod, or undefined when it is not one of this operator's. */
export function slotOf(pod: V1Pod): Slot | undefined {
  return slotOfLabels(pod.metadata?.labels);
}

/** Metadata of an object that belongs to the job and is garbage-collected with it. */
export function ownedMetadata(
  job: WsiTrainingJob,
  name: string,
  labels: Record<string, string>,
): V1ObjectMeta {
  return { ...looseMetadata(job, name, labels), ...owner(job) };
}

/** Metadata of an object that belongs to the job and outlives it. */
export function looseMetadata(
  job: WsiTrainingJob,
  name: string,
  labels: Record<string, string>,
): V1ObjectMeta {
  return { name, namespace: jobNamespace(job), labels };
}

function owner(job: WsiTrainingJob): { ownerReferences?: V1OwnerReference[] } {
  if (job.metadata.uid === undefined) return {};
  return {
    ownerReferences: [
      {
        apiVersion: job.apiVersion,
        kind: job.kind,
        name: jobName(job),
        uid: job.metadata.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}
