/** A cluster of containers: https://kind.sigs.k8s.io. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WsiError } from '@wsi-operator/foundation';
import { attempt, run } from '../command.ts';
import { probeFeatures } from '../probed-features.ts';
import { missingPrograms, programOnPath } from '../programs-on-path.ts';
import type {
  ClusterFeatures,
  ClusterProvider,
  ImageArchive,
  Possibility,
  RunningCluster,
} from '../provider.ts';

const CLUSTER = 'wsi-e2e';
const CONFIGURATION = fileURLToPath(new URL('../../kind/cluster.yaml', import.meta.url));
const CONTROL_PLANE = `${CLUSTER}-control-plane`;
/** Another image of nodes, and with it another Kubernetes: `kindest/node:v1.34.0`. */
const NODE_IMAGE_VARIABLE = 'WSI_E2E_KIND_NODE_IMAGE';
const READY_SECONDS = 120;
const PROGRAMS = {
  kind: 'makes the cluster',
  docker: 'runs its nodes',
  kubectl: 'the suites use',
  helm: 'installs the chart',
};

export const kindProvider: ClusterProvider = {
  name: 'kind',
  canRunHere,
  async start({ log }) {
    const home = await mkdtemp(join(tmpdir(), 'wsi-kind-'));
    const kubeconfig = join(home, 'kubeconfig');
    const image = process.env[NODE_IMAGE_VARIABLE];
    log('kind makes the cluster');
    const where = [`--name=${CLUSTER}`, `--kubeconfig=${kubeconfig}`];
    const node = image === undefined || image === '' ? [] : [`--image=${image}`];
    try {
      await run(
        'kind',
        ['create', 'cluster', ...where, `--config=${CONFIGURATION}`, '--wait=180s', ...node],
        {
          timeoutSeconds: 600,
        },
      );
    } catch (error) {
      await rm(home, { recursive: true, force: true });
      throw error;
    }
    const coordinates = {
      kubeconfig,
      kubectl: programOnPath('kubectl') ?? 'kubectl',
      helm: programOnPath('helm') ?? 'helm',
    };
    const probed = await probeFeatures(coordinates);
    // kindnet keeps NetworkPolicies since kind 0.24; older ones only store them, so that nothing rests on it.
    const features = {
      ...probed,
      restartApiServer: true,
      fakeNodes: false,
      networkPolicies: false,
      policiesOnDemand: false,
    };
    return new KindCluster(home, coordinates, features);
  },
};

async function canRunHere(): Promise<Possibility> {
  const missing = missingPrograms(PROGRAMS);
  if (missing.length > 0) return { ok: false, reasons: missing };
  const { code, stderr } = await attempt('docker', ['info', '--format={{.ServerVersion}}'], {
    timeoutSeconds: 30,
  });
  if (code !== 0) return { ok: false, reasons: [`docker does not answer: ${stderr.trim()}`] };
  const { stdout } = await attempt('kind', ['get', 'clusters'], { timeoutSeconds: 30 });
  if (!stdout.split('\n').includes(CLUSTER)) return { ok: true };
  return {
    ok: false,
    reasons: [`there is a cluster "${CLUSTER}" already: kind delete cluster --name=${CLUSTER}`],
  };
}

class KindCluster implements RunningCluster {
  readonly provider = 'kind';
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
  readonly features: ClusterFeatures;
  readonly #home: string;
  #kept = false;

  constructor(
    home: string,
    { kubeconfig, kubectl, helm }: { kubeconfig: string; kubectl: string; helm: string },
    features: ClusterFeatures,
  ) {
    this.#home = home;
    this.kubeconfig = kubeconfig;
    this.kubectl = kubectl;
    this.helm = helm;
    this.features = features;
  }

  async loadImage({ file, name }: ImageArchive): Promise<string> {
    await run('kind', ['load', 'image-archive', file, `--name=${CLUSTER}`], { timeoutSeconds: 300 });
    // containerd completes names that have no registry.
    return name.split('/').length > 2 ? name : `docker.io/${name}`;
  }

  /** The kubelet starts the static pod again. */
  async restartApiServer({ secondsAway = 0 }: { readonly secondsAway?: number } = {}): Promise<void> {
    const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
    const inNode = async (command: string): Promise<string> =>
      run('docker', ['exec', CONTROL_PLANE, 'sh', '-c', command], { timeoutSeconds: 60 });
    await inNode(`mv ${manifest} /root/kube-apiserver.yaml && pkill -KILL kube-apiserver`);
    await delay(secondsAway * 1000);
    await inNode(`mv /root/kube-apiserver.yaml ${manifest}`);
    const end = performance.now() + READY_SECONDS * 1000;
    const ready = ['--kubeconfig', this.kubeconfig, 'get', '--raw=/readyz'];
    while ((await attempt(this.kubectl, ready, { timeoutSeconds: 30 })).code !== 0) {
      if (performance.now() > end) {
        throw new WsiError(
          'Unavailable',
          `The API server does not answer ${READY_SECONDS} s after its restart`,
        );
      }
      await delay(1000);
    }
  }

  withFakeNodes(): Promise<void> {
    return Promise.reject(new WsiError('InvalidArgument', 'Fake nodes are for the native cluster only'));
  }

  keepPolicies(): Promise<void> {
    return Promise.reject(
      new WsiError('InvalidArgument', 'Policies on demand are for the native cluster only'),
    );
  }

  keep(): Promise<void> {
    this.#kept = true;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (this.#kept) return;
    await run('kind', ['delete', 'cluster', `--name=${CLUSTER}`], { timeoutSeconds: 300 });
    await rm(this.#home, { recursive: true, force: true });
  }
}
