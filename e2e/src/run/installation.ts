/** The operator, installed into a cluster with Helm as an administrator does it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Log, run, type RunningCluster } from '@wsi-operator/cluster';

export const RELEASE = 'wsi';
export const OPERATOR_NAMESPACE = 'wsi-system';
const REPOSITORY = new URL('../../../', import.meta.url).pathname;
export const CHART = join(REPOSITORY, 'helm/wsi-operator');

export interface Images {
  readonly operator: string;
  readonly trainer: string;
  /** Of the operator's content: pods of an older one that had the same name are replaced. */
  readonly digest: string;
}

/** The chart's values for the suites: two replicas, as in production, and progress often enough for faults to be timed. */
export function chartValues(images: Images, features: RunningCluster['features']): object {
  return {
    replicas: 2,
    image: { ...reference(images.operator), pullPolicy: 'IfNotPresent' },
    trainer: { image: { ...reference(images.trainer), pullPolicy: 'IfNotPresent' } },
    jobs: { progressIntervalMilliseconds: 500 },
    gangs: {
      native: { enabled: features.gangScheduling },
      coscheduling: { enabled: true },
      kueue: { enabled: true },
      volcano: { enabled: true },
    },
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    podAnnotations: { 'wsi.dev/image-digest': images.digest },
    podAntiAffinity: 'preferred',
  };
}

/** `registry/name:tag` in the parts that the chart has values for. */
export function reference(image: string): { repository: string; tag: string } {
  const colon = image.lastIndexOf(':');
  return colon > image.lastIndexOf('/')
    ? { repository: image.slice(0, colon), tag: image.slice(colon + 1) }
    : { repository: image, tag: 'latest' };
}

/**
 * @param others values that replace those of the suites
 * @returns the file of the values that it was installed with
 */
export async function install(
  cluster: RunningCluster,
  images: Images,
  directory: string,
  log: Log,
  others: object = {},
): Promise<string> {
  const values = join(directory, 'values.json');
  await writeFile(values, JSON.stringify({ ...chartValues(images, cluster.features), ...others }, null, 2));
  log(`installing ${CHART}`);
  await helm(cluster, [
    'upgrade',
    '--install',
    RELEASE,
    CHART,
    '--namespace',
    OPERATOR_NAMESPACE,
    '--create-namespace',
    '--values',
    values,
    '--wait',
    '--timeout',
    '180s',
  ]);
  return values;
}

/** Takes everything away that the chart has brought, also the definition of jobs, which Helm leaves. */
export async function uninstall(cluster: RunningCluster): Promise<void> {
  await helm(cluster, [
    'uninstall',
    RELEASE,
    '--namespace',
    OPERATOR_NAMESPACE,
    '--ignore-not-found',
    '--wait',
  ]);
  const kubectl = async (...args: string[]): Promise<string> =>
    run(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], { timeoutSeconds: 180 });
  await kubectl('delete', 'crd', 'wsitrainingjobs.wsi.dev', '--ignore-not-found');
  await kubectl('delete', 'namespace', OPERATOR_NAMESPACE, '--ignore-not-found');
}

async function helm(cluster: RunningCluster, args: readonly string[]): Promise<string> {
  return run(cluster.helm, ['--kubeconfig', cluster.kubeconfig, ...args], { timeoutSeconds: 300 });
}
