/** A queue of Kueue with a quota of its own, for tests. */
import type { KubernetesObject } from '@wsi-operator/controller';

const API_VERSION = 'kueue.x-k8s.io/v1beta2';

/** Whatever runs kubectl on the cluster. */
interface Kubectl {
  kubectl(args: readonly string[]): Promise<string>;
}

/** Resource to amount. */
export type Quota = Readonly<Record<string, string>>;

export interface KueueQueue {
  /** Of the LocalQueue, and of the cluster's objects behind it. */
  readonly name: string;
  readonly objects: readonly (KubernetesObject & { metadata: { name: string } })[];
}

export interface QueueChoices {
  readonly quota: Quota;
  /** Labels of the nodes that the quota is of. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** Priorities, by the names of their classes; who waits with a higher one takes the quota of who runs with a lower. */
  readonly priorities?: Readonly<Record<string, number>>;
}

export function kueueQueue(name: string, namespace: string, choices: QueueChoices): KueueQueue {
  const { quota, nodeLabels = {}, priorities = {} } = choices;
  const object = (
    kind: string,
    content: object,
    metadata: { readonly name: string; readonly namespace?: string } = { name },
  ): KueueQueue['objects'][number] => ({ apiVersion: API_VERSION, kind, metadata, ...content });
  const clusterQueue = {
    namespaceSelector: {},
    preemption: { withinClusterQueue: 'LowerPriority' },
    resourceGroups: resourceGroups(name, quota),
  };
  return {
    name,
    objects: [
      object('LocalQueue', { spec: { clusterQueue: name } }, { name, namespace }),
      object('ClusterQueue', { spec: clusterQueue }),
      object('ResourceFlavor', { spec: { nodeLabels } }),
      ...Object.entries(priorities).map(([priorityClass, value]) =>
        object('WorkloadPriorityClass', { value }, { name: priorityClass }),
      ),
    ],
  };
}

export async function setQuota(cluster: Kubectl, { name }: KueueQueue, quota: Quota): Promise<void> {
  await patchClusterQueue(cluster, name, { resourceGroups: resourceGroups(name, quota) });
}

/** `HoldAndDrain` evicts what runs, `None` lets it in again. */
export async function setStopPolicy(
  cluster: Kubectl,
  { name }: KueueQueue,
  stopPolicy: 'None' | 'HoldAndDrain',
): Promise<void> {
  await patchClusterQueue(cluster, name, { stopPolicy });
}

function resourceGroups(flavor: string, quota: Quota): object[] {
  const resources = Object.entries(quota).map(([name, nominalQuota]) => ({ name, nominalQuota }));
  return [{ coveredResources: Object.keys(quota), flavors: [{ name: flavor, resources }] }];
}

async function patchClusterQueue(cluster: Kubectl, name: string, spec: object): Promise<void> {
  const patch = JSON.stringify({ spec });
  await cluster.kubectl(['patch', 'clusterqueues.kueue.x-k8s.io', name, '--type=merge', '-p', patch]);
}
