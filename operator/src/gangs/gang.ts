/**
 * What a gang (pods that start together or not at all, perhaps after waiting in a queue) means to the plan, and which
 * resources of the API server each kind of gang works with.
 *
 * **The gang's minimum** is the coordinator, every parameter server and one worker: the smallest set that makes
 * progress. The parameters are spread over all servers, so none of them can be missing; any number of workers computes
 * the same bits, one as well as all, so that waiting for more of them would only leave free devices idle. Workers beyond
 * the first are created when the minimum has nodes, and start whenever there is room.
 */
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import type { ClusterSettings } from '../job/settings.ts';
import type { ObservedPods } from '../job/snapshot.ts';
import type { GangName, WsiTrainingJob } from '@wsi-operator/api';
import type { Action } from '../job/actions.ts';
import type { RunIntent } from '../job/intent.ts';
import type { Slot } from '../job/names.ts';

export type GangAdmission =
  /** Pods may be created, those that run stay. */
  | { readonly kind: 'admitted' }
  /** No pods yet; none is running. */
  | {
      readonly kind: 'waiting';
      readonly reason: string;
      readonly message: string;
      /** The queue can never admit so much: to wait is in vain. */
      readonly never?: true;
    }
  /** Pods run that may no longer: an ordered stop with a checkpoint, then the job waits again. */
  | { readonly kind: 'evicted'; readonly reason: string; readonly message: string }
  /** What the job asks for is not to be had in this cluster. */
  | { readonly kind: 'unavailable'; readonly message: string };

export interface GangPlan {
  /** To be applied before any pod is created, in this order, whatever else the plan does. */
  readonly objects: readonly KubernetesObject[];
  /** To be carried out in the same pass: what the gang no longer needs, and what it tells the queue. */
  readonly actions: readonly Action[];
  readonly admission: GangAdmission;
  /** The gang's minimum is created together, and other workers when it has nodes; see startup-policy.ts. */
  readonly allAtOnce: boolean;
  /** How many workers may run now, at most those that the spec asks for; those with higher numbers are to be removed. */
  readonly workers: number;
  /** Why the queue can never admit more workers than these, in its own words. */
  readonly neverMore?: string;
  /** When to reconcile again even if nothing is reported (milliseconds since the epoch). */
  readonly due?: number;
  /** The pod with what makes it a member: labels, annotations, scheduler, node selectors and tolerations. */
  decorate(pod: V1Pod, slot: Slot): V1Pod;
}

/** What is observed of a job, as far as gangs work with it. */
export interface GangObserved extends ObservedPods {
  readonly objects: readonly KubernetesObject[];
  /** Gang APIs that the server has. */
  readonly gangs: readonly GangName[];
}

/** What the job's gang means for the rest of a plan, whatever it does now. */
export interface GangTraits {
  /** A change of pods stops the job: it has to be admitted again. */
  readonly fixedPods: boolean;
  /** A template asks Kueue for a topology, and the job is not Kueue's. */
  readonly topologyIgnored: boolean;
}

/** Everything that a gang's plan is made from. */
export interface GangInput {
  readonly job: WsiTrainingJob;
  readonly intent: RunIntent;
  /** Kueue has the job run on another cluster: on this one it is only queued. */
  readonly dispatched?: true;
  readonly observed: GangObserved;
  readonly settings: ClusterSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A resource of the API server; in the words of the client. */
export interface GangResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /**
   * `owned`: made for the job, in its namespace, and observed when the job owns it. `read`: an administrator's, for all
   * jobs; observed whole.
   */
  readonly use: 'owned' | 'read';
}

const KUEUE = { group: 'kueue.x-k8s.io', version: 'v1beta2' } as const;
const SCHEDULING = {
  group: 'scheduling.k8s.io',
  version: 'v1beta1',
  namespaced: true,
  use: 'owned',
} as const;

/**
 * A gang is available when the API server serves all its `owned` resources; `read` ones are observed where they are
 * served. Kueue since 0.15, Volcano since 1.0, any coscheduling plug-in with v1alpha1, Kubernetes since 1.37.
 */
export const GANG_RESOURCES: Readonly<Record<GangName, readonly GangResource[]>> = {
  kueue: [
    { ...KUEUE, plural: 'workloads', kind: 'Workload', namespaced: true, use: 'owned' },
    { ...KUEUE, plural: 'resourceflavors', kind: 'ResourceFlavor', namespaced: false, use: 'read' },
    {
      ...KUEUE,
      plural: 'workloadpriorityclasses',
      kind: 'WorkloadPriorityClass',
      namespaced: false,
      use: 'read',
    },
    {
      group: 'scheduling.k8s.io',
      version: 'v1',
      plural: 'priorityclasses',
      kind: 'PriorityClass',
      namespaced: false,
      use: 'read',
    },
  ],
  volcano: [
    {
      group: 'scheduling.volcano.sh',
      version: 'v1beta1',
      plural: 'podgroups',
      kind: 'PodGroup',
      namespaced: true,
      use: 'owned',
    },
    {
      group: 'scheduling.volcano.sh',
      version: 'v1beta1',
      plural: 'queues',
      kind: 'Queue',
      namespaced: false,
      use: 'read',
    },
  ],
  coscheduling: [
    {
      group: 'scheduling.x-k8s.io',
      version: 'v1alpha1',
      plural: 'podgroups',
      kind: 'PodGroup',
      namespaced: true,
      use: 'owned',
    },
  ],
  native: [
    { ...SCHEDULING, plural: 'workloads', kind: 'Workload' },
    { ...SCHEDULING, plural: 'podgroups', kind: 'PodGroup' },
  ],
};

/** `GROUP/VERSION` of a gang's first resource. */
export function apiVersionOf(gang: GangName): string {
  const [resource] = GANG_RESOURCES[gang];
  return resource === undefined ? '' : `${resource.group}/${resource.version}`;
}

/** Objects of this kind among those observed. */
export function objectsOf(
  observed: GangObserved,
  gang: GangName,
  use: GangResource['use'],
): KubernetesObject[] {
  const resources = GANG_RESOURCES[gang].filter((resource) => resource.use === use);
  return observed.objects.filter((object) =>
    resources.some(
      ({ group, version, kind }) => object.kind === kind && object.apiVersion === `${group}/${version}`,
    ),
  );
}

/** Pods whose processes may run, those that are leaving too. */
export function alivePods(observed: GangObserved): V1Pod[] {
  return observed.pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
}

/** Removes the objects, in this order; those that are leaving already are not asked twice. */
export function deleteObjects(objects: readonly KubernetesObject[]): Action[] {
  return objects.flatMap(({ apiVersion, kind, metadata }): Action[] =>
    metadata.name === undefined || metadata.deletionTimestamp !== undefined
      ? []
      : [{ kind: 'delete', apiVersion, objectKind: kind, name: metadata.name }],
  );
}
