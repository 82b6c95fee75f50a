/** What an admission adds to pods: the labels of the nodes of the assigned flavours, tolerations, what checks ask for. */
import { admittedWorkers } from './kueue-status.ts';
import {
  firstWorker,
  type JobWorkloads,
  type PodSetUpdate,
  type Toleration,
  type Workload,
} from './kueue-workload.ts';
import type { KubernetesObject, V1Pod } from '../kubernetes-types.ts';
import { objectsOf, type GangInput } from './gang.ts';
import { gated } from './kueue-topology.ts';
import type { Slot } from '../job/names.ts';

/** Kueue's names for the Workload and the set that a pod belongs to. */
const WORKLOAD_ANNOTATION = 'kueue.x-k8s.io/workload';
const POD_SET_LABEL = 'kueue.x-k8s.io/podset';

type Assignment = NonNullable<
  NonNullable<NonNullable<Workload['status']>['admission']>['podSetAssignments']
>[number];

interface FlavorSpec {
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
}

/** Assigned flavours that were not observed: pods must not be made without them. */
export function missingFlavors(input: GangInput, workloads: readonly Workload[]): string[] {
  const names = workloads.flatMap((workload) =>
    (workload.status?.admission?.podSetAssignments ?? []).flatMap(({ flavors }) =>
      Object.values(flavors ?? {}),
    ),
  );
  return [...new Set(names)].filter((name) => findFlavor(input, name) === undefined);
}

export function decorateAdmitted(input: GangInput, workloads: JobWorkloads, pod: V1Pod, slot: Slot): V1Pod {
  const workload = workloadFor(workloads, slot);
  if (workload === undefined) return pod;
  const marks: PodSetUpdate = {
    name: slot.role,
    labels: { [POD_SET_LABEL]: slot.role },
    annotations: { [WORKLOAD_ANNOTATION]: workload.metadata.name ?? '' },
  };
  const updates = [...flavorUpdates(input, workload, slot), ...checkUpdates(workload, slot), marks];
  const decorated = updates.reduce(merge, pod);
  const assigned = assignmentOf(workload, slot)?.topologyAssignment !== undefined;
  return assigned ? gated(decorated, firstWorker(workload)) : decorated;
}

/** The Workload whose quota the place uses. */
function workloadFor({ base, growth }: JobWorkloads, slot: Slot): Workload | undefined {
  if (base === undefined || slot.role !== 'worker' || slot.index < admittedWorkers(base)) return base;
  return growth.findLast((workload) => firstWorker(workload) <= slot.index) ?? base;
}

function assignmentOf(workload: Workload, { role }: Slot): Assignment | undefined {
  return workload.status?.admission?.podSetAssignments?.find(({ name }) => name === role);
}

function flavorUpdates(input: GangInput, workload: Workload, slot: Slot): PodSetUpdate[] {
  const { role } = slot;
  const assigned = assignmentOf(workload, slot)?.flavors ?? {};
  return [...new Set(Object.values(assigned))].map((name) => {
    const { nodeLabels = {}, tolerations = [] } = (findFlavor(input, name)?.['spec'] ?? {}) as FlavorSpec;
    return { name: role, nodeSelector: nodeLabels, tolerations };
  });
}

function checkUpdates(workload: Workload, { role }: Slot): PodSetUpdate[] {
  const checks = workload.status?.admissionChecks ?? [];
  return checks.flatMap(({ podSetUpdates = [] }) => podSetUpdates.filter(({ name }) => name === role));
}

function findFlavor({ observed }: GangInput, name: string): KubernetesObject | undefined {
  return objectsOf(observed, 'kueue', 'read').find(
    ({ kind, metadata }) => kind === 'ResourceFlavor' && metadata.name === name,
  );
}

function merge(pod: V1Pod, update: PodSetUpdate): V1Pod {
  const nodeSelector = { ...pod.spec?.nodeSelector, ...update.nodeSelector };
  const tolerations = [...(pod.spec?.tolerations ?? []), ...(update.tolerations ?? [])];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata?.labels, ...update.labels },
      annotations: { ...pod.metadata?.annotations, ...update.annotations },
    },
    spec: {
      containers: [],
      ...pod.spec,
      ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
      ...(tolerations.length === 0 ? {} : { tolerations }),
    },
  };
}
