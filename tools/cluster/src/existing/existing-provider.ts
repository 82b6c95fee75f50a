/**
 * A cluster that is there already, by its kubeconfig. It is never guessed which: the context has to be named, so that the
 * suites, which install an operator and remove it again, cannot come over a cluster that somebody works on.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { attempt } from '../command.ts';
import { probeFeatures } from '../probed-features.ts';
import { missingPrograms, programOnPath } from '../programs-on-path.ts';
import type { ClusterProvider, ImageArchive, Possibility, RunningCluster } from '../provider.ts';

/** Has to be the name of the kubeconfig's current context. */
export const CONTEXT_VARIABLE = 'WSI_E2E_CONTEXT';
/** Says that the cluster's network keeps NetworkPolicies: nothing in its API says so. */
const NETWORK_POLICIES_VARIABLE = 'WSI_E2E_NETWORK_POLICIES';
const PROGRAMS = { kubectl: 'the suites use', helm: 'installs the chart' };

export const existingProvider: ClusterProvider = {
  name: 'existing',
  canRunHere,
  async start() {
    const coordinates = {
      kubeconfig: kubeconfig(),
      kubectl: programOnPath('kubectl') ?? 'kubectl',
      helm: programOnPath('helm') ?? 'helm',
    };
    const probed = await probeFeatures(coordinates);
    const cannot = (what: string): Promise<never> =>
      Promise.reject(new WsiError('InvalidArgument', `A cluster that was there before cannot ${what}`));
    const cluster: RunningCluster = {
      provider: 'existing',
      ...coordinates,
      features: {
        ...probed,
        restartApiServer: false,
        fakeNodes: false,
        policiesOnDemand: false,
        networkPolicies: process.env[NETWORK_POLICIES_VARIABLE] === 'true',
      },
      loadImage: pushedImage,
      restartApiServer: () => cannot('have its API server restarted'),
      withFakeNodes: () => cannot('be given fake nodes'),
      keepPolicies: () => cannot('be asked to enforce NetworkPolicies'),
      keep: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    };
    return cluster;
  },
};

async function canRunHere(): Promise<Possibility> {
  const missing = missingPrograms(PROGRAMS);
  if (missing.length > 0) return { ok: false, reasons: missing };
  const { stdout, stderr, code } = await attempt('kubectl', [
    '--kubeconfig',
    kubeconfig(),
    'config',
    'current-context',
  ]);
  if (code !== 0) return { ok: false, reasons: [`${kubeconfig()}: ${stderr.trim()}`] };
  const current = stdout.trim();
  if (process.env[CONTEXT_VARIABLE] === current) return { ok: true };
  const reason = `the current context is "${current}"; to install and remove an operator there, set ${CONTEXT_VARIABLE}=${current}`;
  return { ok: false, reasons: [reason] };
}

function kubeconfig(): string {
  const given = process.env['KUBECONFIG'];
  return given === undefined || given === '' ? join(homedir(), '.kube', 'config') : given;
}

/** Images reach the cluster by a registry, and under a name there. */
function pushedImage({ name, file }: ImageArchive): Promise<string> {
  const target = name.replace(/^.*\/([^/:]+):.*$/, '$1').toUpperCase();
  const variable = `WSI_E2E_${target}_IMAGE`;
  const pushed = process.env[variable];
  if (pushed !== undefined && pushed !== '') return Promise.resolve(pushed);
  return Promise.reject(
    new WsiError('InvalidArgument', `It is not known under which name the cluster finds the image ${name}`, {
      remedy: `Push it (skopeo copy oci-archive:${file} docker://...), and set ${variable} to its name there.`,
    }),
  );
}
