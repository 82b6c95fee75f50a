/** A queue of Kueue with a quota of its own, for tests. */
import type { KubernetesObject } from '@wsi/controller';

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

export function kueueQueue(namespace: string, quota: Quota): KueueQueue {
  const name = namespace;
  const object = (kind: string, spec: object, metadata = {}): KueueQueue['objects'][number] => ({
    apiVersion: API_VERSION,
    kind,
    metadata: { name, ...metadata },
    spec,
  });
  return {
    name,
    objects: [
      object('ResourceFlavor', {}),
      object('ClusterQueue', { namespaceSelector: {}, resourceGroups: resourceGroups(name, quota) }),
      object('LocalQueue', { clusterQueue: name }, { namespace }),
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
