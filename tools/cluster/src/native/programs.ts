/** What a native cluster is made of. Versions are those in the modules' go.mod files; a test holds the two together. */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../provider.ts';
import { buildGoProgram, type GoProgram } from './go-program.ts';

const MODULES = fileURLToPath(new URL('../../go/', import.meta.url));

export const KUBERNETES_VERSION = '1.37.2';

/** The components that one binary is, by the name it is called with. */
const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl',
] as const;

export const kubernetes: GoProgram = {
  name: 'kubernetes',
  version: KUBERNETES_VERSION,
  module: join(MODULES, 'kubernetes'),
  packages: ['.'],
  variables: versionVariables(KUBERNETES_VERSION),
};

/** Kubernetes 1.36 and newer need containerd 2; Debian 12 has 1.6. */
export const containerd: GoProgram = {
  name: 'containerd',
  version: '2.4.2',
  module: join(MODULES, 'containerd'),
  packages: ['containerd', 'ctr', 'containerd-shim-runc-v2'].map(
    (command) => `github.com/containerd/containerd/v2/cmd/${command}`,
  ),
  tags: ['no_btrfs', 'no_zfs', 'no_devmapper'],
};

export const helm: GoProgram = {
  name: 'helm',
  version: '3.22.0',
  module: join(MODULES, 'helm'),
  packages: ['helm.sh/helm/v3/cmd/helm'],
};

export const coredns: GoProgram = {
  name: 'coredns',
  version: '1.13.1',
  module: join(MODULES, 'coredns'),
  packages: ['.'],
};

export const pause: GoProgram = {
  name: 'pause',
  version: '1.0.0',
  module: join(MODULES, 'pause'),
  packages: ['.'],
};

/** Fake nodes and pods, for measurements at scale; not part of a cluster as such. */
export const kwok: GoProgram = {
  name: 'kwok',
  version: '0.8.0',
  module: join(MODULES, 'kwok'),
  packages: ['sigs.k8s.io/kwok/cmd/kwok'],
};

/** Keeps NetworkPolicies, by the packet filter of each node; not part of a cluster as such. */
export const kubeRouter: GoProgram = {
  name: 'kube-router',
  version: '2.1.0',
  module: join(MODULES, 'kube-router'),
  packages: ['.'],
};

/** Paths of the programs. */
export interface Programs {
  readonly component: (name: (typeof COMPONENTS)[number]) => string;
  readonly containerdDirectory: string;
  readonly helm: string;
  readonly coredns: string;
  readonly pause: string;
}

/** Builds what is missing; the largest first, since it holds most packages that the others need too. */
export async function buildPrograms(log: Log, env: NodeJS.ProcessEnv = process.env): Promise<Programs> {
  const build = async (program: GoProgram): Promise<string> => buildGoProgram(program, log, env);
  const kubernetesDirectory = await build(kubernetes);
  return {
    component: linkComponents(kubernetesDirectory),
    containerdDirectory: await build(containerd),
    helm: join(await build(helm), 'helm'),
    coredns: join(await build(coredns), 'coredns'),
    pause: join(await build(pause), 'pause'),
  };
}

function linkComponents(directory: string): (name: (typeof COMPONENTS)[number]) => string {
  for (const name of COMPONENTS) {
    const link = join(directory, name);
    try {
      if (!existsSync(link)) symlinkSync('kubernetes', link);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(link)) throw error;
    }
  }
  return (name) => join(directory, name);
}

/** The version that the components report: kubelets and API servers compare theirs. */
function versionVariables(version: string): Record<string, string> {
  const [major = '', minor = ''] = version.split('.');
  const values = {
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: '0'.repeat(40),
    buildDate: '2026-01-01T00:00:00Z',
  };
  return Object.fromEntries(
    ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((name) =>
      Object.entries(values).map(([variable, value]) => [`${name}.${variable}`, value]),
    ),
  );
}
