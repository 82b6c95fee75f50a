/**
 * Kubernetes' objects as they come over the wire, with the fields that are shown to people. Types only, so that
 * nothing of the client library is loaded for them; every field may be absent.
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

export const JOB_RESOURCE = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
} as const;
export const POD_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'pods',
  kind: 'Pod',
  namespaced: true,
} as const;
export const EVENT_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
} as const;
export const NAMESPACE_RESOURCE = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
} as const;

/** A job of the cluster; metadata as the API server completes it. */
export type StoredJob = WsiTrainingJob & { readonly metadata: { readonly namespace?: string } };

export interface Metadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly exitCode?: number;
    readonly reason?: string;
    readonly message?: string;
    readonly finishedAt?: string;
  };
}

export interface ContainerStatus {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

/** Of a pod or a container; only handed on. */
export type SecurityContext = Readonly<Record<string, unknown>>;

export interface Pod {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: {
    readonly nodeName?: string;
    readonly imagePullSecrets?: readonly { readonly name?: string }[];
    readonly securityContext?: SecurityContext;
    readonly containers?: readonly {
      readonly name: string;
      readonly image?: string;
      readonly securityContext?: SecurityContext;
    }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface ClusterEvent {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

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
