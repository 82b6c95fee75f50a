/**
 * Kubernetes' objects as they come over the wire, and the resources that they are of. Types only, so that nothing of the
 * client library or the operator is loaded for them.
 */
import {
  GROUP,
  KIND,
  PLURAL,
  ROLES,
  slotOfLabels,
  VERSION,
  type Slot,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import type { ObjectMeta, Resource } from '@wsi-operator/controller';
import type { CoreV1Event, V1ContainerState, V1ContainerStatus, V1Pod } from '@wsi-operator/operator';

export const JOB_RESOURCE = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
} as const satisfies Resource;
export const POD_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
} as const satisfies Resource;
export const EVENT_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
} as const satisfies Resource;
export const NAMESPACE_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
} as const satisfies Resource;

/** A job of the cluster; metadata as the API server completes it. */
export type StoredJob = WsiTrainingJob & { readonly metadata: Pick<ObjectMeta, 'namespace'> };

/**
 * What is shown to people of objects that anything may have written: every field may be absent at every depth, but for the
 * name of a container and the type and status of a condition, without which an entry of a list says nothing.
 */
type Shown<Type> = Type extends readonly (infer Element)[]
  ? readonly Shown<Element>[]
  : Type extends object
    ? { readonly [Field in keyof Type as Field extends Naming ? Field : never]: Shown<Type[Field]> } & {
        readonly [Field in keyof Type as Field extends Naming ? never : Field]?: Shown<Type[Field]>;
      }
    : Type;
type Naming = 'name' | 'type' | 'status';

/** What the API server gives every object. */
interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<ObjectMeta>;
}

export type ContainerState = Shown<V1ContainerState>;
export type ContainerStatus = Shown<V1ContainerStatus>;
export type Pod = Stored & Omit<Shown<V1Pod>, keyof Stored>;

/** Of a pod or a container; only handed on. */
export type SecurityContext = Readonly<Record<string, unknown>>;

type EventTimes = 'firstTimestamp' | 'lastTimestamp' | 'eventTime';

/** An event; the API server writes null for the times that its recorder did not give. */
export type ClusterEvent = Stored &
  Omit<Shown<CoreV1Event>, keyof Stored | EventTimes> & { readonly [Field in EventTimes]?: string | null };

/** The place of a pod in its job, or undefined when it is not one of the operator's. */
export function placeOf(pod: Pod): Slot | undefined {
  return slotOfLabels(pod.metadata.labels);
}

/** `worker-1`: how a pod is called where the job is known; another pod by its whole name. */
export function shortName(pod: Pod): string {
  const place = placeOf(pod);
  return place === undefined ? (pod.metadata.name ?? 'pod') : `${place.role}-${place.index}`;
}

/** In the order of the roles, then of the replicas. */
export function byPlace(one: Pod, other: Pod): number {
  const key = (pod: Pod): number => {
    const place = placeOf(pod);
    return place === undefined ? Number.MAX_SAFE_INTEGER : ROLES.indexOf(place.role) * 1e10 + place.index;
  };
  return key(one) - key(other);
}
