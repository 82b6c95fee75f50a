/**
 * Whose an object is. By its controller's owner reference with the job's name and uid, and by the namespace: an owner is
 * always in the namespace of what it owns, and a reference that is written down anywhere else is nothing but text. Of a pod
 * it must also be seen that it was made for a place of the job, because a pod's end counts. A claim that outlives its job
 * is known by its labels only.
 *
 * Whoever may create pods in the job's own namespace can write all of this by hand; see docs/threat-model.md.
 */
import { GROUP, KIND, OWN_LABELS } from '@wsi-operator/api';
import type { KubernetesObject } from '@wsi-operator/controller';
import type { V1Pod } from '../../kubernetes-types.ts';
import { LABELS, MANAGED_BY, podNameOf, slotOf } from '../../job/names.ts';
import { revisionOf } from '../../job/snapshot.ts';
import type { JobKey } from '../port.ts';

/** A job as far as its objects are concerned. */
export interface JobIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** The WsiTrainingJob that controls the object, if one does. */
export function ownerOf(object: KubernetesObject): Owner | undefined {
  const controller = object.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (controller?.kind !== KIND || !controller.apiVersion.startsWith(`${GROUP}/`)) return undefined;
  return { name: controller.name, uid: controller.uid };
}

export function keyOf(namespace: string | undefined, name: string): JobKey {
  return `${namespace ?? 'default'}/${name}`;
}

/** Under which a job's objects are found. */
export function identityKey({ namespace, name, uid }: JobIdentity): string {
  return `${keyOf(namespace, name)}/${uid}`;
}

/** The job that the object says it is of, in the object's own namespace. */
export function claimedJob(object: KubernetesObject): JobIdentity | undefined {
  const owner = ownerOf(object);
  return owner && { ...owner, namespace: object.metadata.namespace ?? 'default' };
}

/** True for a pod that was made for a place of its job: it has the name, the labels and the revision of one. */
export function isMade(pod: V1Pod): boolean {
  const owner = ownerOf(pod as KubernetesObject);
  const slot = slotOf(pod);
  if (owner === undefined || slot === undefined || revisionOf(pod) === undefined) return false;
  const { name, labels } = pod.metadata ?? {};
  return labels?.[LABELS.job] === owner.name && name === podNameOf(owner.name, slot);
}

/** The job that wants to hear of the object's changes. */
export function jobKeyOf(object: KubernetesObject): JobKey | undefined {
  const name = ownerOf(object)?.name ?? object.metadata.labels?.[LABELS.job];
  return name === undefined ? undefined : keyOf(object.metadata.namespace, name);
}

/** True for a claim of a job of this name that was made to outlive it: it has our labels and no controller. */
export function isRetained(object: KubernetesObject): boolean {
  const { labels, ownerReferences = [] } = object.metadata;
  const controlled = ownerReferences.some((reference) => reference.controller === true);
  return (
    object.kind === 'PersistentVolumeClaim' && !controlled && labels?.[OWN_LABELS.managedBy] === MANAGED_BY
  );
}

/** - `own`: may be changed; - `former`: of a deleted job of the same name, about to be removed; - `foreign`: hands off. */
export function ownership(object: KubernetesObject, job: JobIdentity): 'own' | 'former' | 'foreign' {
  if ((object.metadata.namespace ?? 'default') !== job.namespace) return 'foreign';
  const owner = ownerOf(object);
  if (owner !== undefined) {
    if (owner.name !== job.name) return 'foreign';
    return owner.uid === job.uid ? 'own' : 'former';
  }
  const named = object.metadata.labels?.[LABELS.job] === job.name;
  return isRetained(object) && named ? 'own' : 'foreign';
}

/** Index under which a job's objects are found: the job's identity, or for a retained claim the key of its job. */
export function ownerIndex(object: KubernetesObject): string[] {
  const job = claimedJob(object);
  if (job !== undefined) return [identityKey(job)];
  const key = isRetained(object) ? jobKeyOf(object) : undefined;
  return key === undefined ? [] : [key];
}

/** Index under which pods are found that would pass for a job's: by their label, whoever has made them. */
export function labelIndex(object: KubernetesObject): string[] {
  const name = object.metadata.labels?.[LABELS.job];
  return name === undefined ? [] : [keyOf(object.metadata.namespace, name)];
}
