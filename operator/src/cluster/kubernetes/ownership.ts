/** Whose an object is: by its controller's owner reference; a claim that outlives its job only by its labels. */
import { GROUP, KIND } from '@wsi/api';
import type { KubernetesObject } from '@wsi/controller';
import { LABELS } from '../../plan/names.ts';
import type { JobKey } from '../port.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';

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

/** The job that wants to hear of the object's changes. */
export function jobKeyOf(object: KubernetesObject): JobKey | undefined {
  const name = ownerOf(object)?.name ?? object.metadata.labels?.[LABELS.job];
  return name === undefined ? undefined : keyOf(object.metadata.namespace, name);
}

/** True for a claim of a job of this name that was made to outlive it: it has our labels and no controller. */
export function isRetained(object: KubernetesObject): boolean {
  const { labels, ownerReferences = [] } = object.metadata;
  const controlled = ownerReferences.some((reference) => reference.controller === true);
  return object.kind === 'PersistentVolumeClaim' && !controlled && labels?.[MANAGED_BY] === 'wsi-operator';
}

/** - `own`: may be changed; - `former`: of a deleted job of the same name, about to be removed; - `foreign`: hands off. */
export function ownership(object: KubernetesObject, job: JobIdentity): 'own' | 'former' | 'foreign' {
  const owner = ownerOf(object);
  if (owner !== undefined) {
    if (owner.uid === job.uid) return 'own';
    return owner.name === job.name ? 'former' : 'foreign';
  }
  const named = object.metadata.labels?.[LABELS.job] === job.name;
  return isRetained(object) && named ? 'own' : 'foreign';
}

/** Index under which a job's objects are found: the owner's uid, or for a retained claim the key of its job. */
export function ownerIndex(object: KubernetesObject): string[] {
  const owner = ownerOf(object);
  if (owner !== undefined) return [owner.uid];
  const key = isRetained(object) ? jobKeyOf(object) : undefined;
  return key === undefined ? [] : [key];
}
