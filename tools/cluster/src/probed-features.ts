/** What may be done on a cluster that somebody else has made, found out by asking it. */
import { attempt } from './command.ts';
import type { ClusterCoordinates, ClusterFeatures } from './provider.ts';

export type Probed = Pick<ClusterFeatures, 'changeNodes' | 'gangScheduling' | 'volumes'>;

export async function probeFeatures({ kubectl, kubeconfig }: ClusterCoordinates): Promise<Probed> {
  const ask = async (...args: string[]): Promise<string> => {
    const { code, stdout } = await attempt(kubectl, ['--kubeconfig', kubeconfig, ...args], {
      timeoutSeconds: 60,
    });
    return code === 0 ? stdout.trim() : '';
  };
  const [nodes, podGroups, classes] = [
    await ask('auth', 'can-i', 'patch', 'nodes', '--subresource=status'),
    await ask('api-resources', '--api-group=scheduling.k8s.io', '-o=name'),
    await ask('get', 'storageclasses', '-o=json'),
  ];
  return {
    changeNodes: nodes === 'yes',
    gangScheduling: podGroups.split('\n').includes('podgroups.scheduling.k8s.io'),
    volumes: classes !== '' && hasDefault(JSON.parse(classes) as StorageClassList),
  };
}

interface StorageClassList {
  readonly items: readonly {
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  }[];
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

function hasDefault({ items }: StorageClassList): boolean {
  return items.some(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true');
}
