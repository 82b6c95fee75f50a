/** Kueue itself: built from its Go module, loaded into the nodes as an image, and installed with the module's own chart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeImageArchive, writeLayer } from '@wsi-operator/image';
import {
  buildGoProgram,
  type ClusterCoordinates,
  type GoProgram,
  type Log,
  moduleDirectory,
  run,
} from '@wsi-operator/cluster';
import { reference } from '../run/installation.ts';

const KUEUE = 'sigs.k8s.io/kueue';
const RELEASE = 'kueue';
const NAMESPACE = 'kueue-system';

export const kueue: GoProgram = {
  name: 'kueue',
  version: '0.17.0',
  module: fileURLToPath(new URL('../../go/kueue/', import.meta.url)),
  packages: [`${KUEUE}/cmd/kueue`],
};

export interface KueueCluster extends ClusterCoordinates {
  /** Makes an image known to every node. @returns the name under which pods use it */
  loadImage(archive: string, name: string): Promise<string>;
}

/** @throws WsiError `Unavailable` when it cannot be built or does not come up */
export async function installKueue(cluster: KueueCluster, log: Log): Promise<void> {
  const program = join(await buildGoProgram(kueue, log), 'kueue');
  const directory = await mkdtemp(join(tmpdir(), 'wsi-kueue-'));
  try {
    const image = { file: join(directory, 'kueue.tar'), name: `kueue/manager:${kueue.version}` };
    await makeImage(program, image.file, image.name);
    const { repository, tag } = reference(await cluster.loadImage(image.file, image.name));
    const manager = 'controllerManager.manager';
    const values = [
      `${manager}.image.repository=${repository}`,
      `${manager}.image.tag=${tag}`,
      `${manager}.image.pullPolicy=IfNotPresent`,
      `${manager}.resources.requests.cpu=50m`,
    ];
    const chart = join(await moduleDirectory(kueue, KUEUE), 'charts/kueue');
    const place = ['--namespace', NAMESPACE, '--create-namespace'];
    const set = values.flatMap((value) => ['--set', value]);
    log(`installing Kueue ${kueue.version}`);
    await helm(cluster, ['upgrade', '--install', RELEASE, chart, ...place, ...set]);
    await untilReady(cluster);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** With all its definitions; queues and Workloads should be gone before, since Kueue itself releases them. */
export async function uninstallKueue(cluster: ClusterCoordinates): Promise<void> {
  await helm(cluster, ['uninstall', RELEASE, '--namespace', NAMESPACE, '--ignore-not-found', '--wait']);
  const kubectl = [`--kubeconfig=${cluster.kubeconfig}`, 'delete', 'namespace', NAMESPACE];
  await run(cluster.kubectl, [...kubectl, '--ignore-not-found', '--timeout=110s'], { timeoutSeconds: 120 });
}

/**
 * Kueue fills the Secret of its own certificates and looks later and later whether they have come to its files, which
 * takes minutes. A pod that starts after they are there has them at once.
 */
async function untilReady({ kubeconfig, kubectl }: ClusterCoordinates): Promise<void> {
  const inNamespace = [`--kubeconfig=${kubeconfig}`, `--namespace=${NAMESPACE}`];
  const ask = async (...args: string[]): Promise<string> =>
    run(kubectl, [...inNamespace, ...args], { timeoutSeconds: 320 });
  const certificate = `secret/${RELEASE}-webhook-server-cert`;
  await ask('wait', '--for=jsonpath={.data.tls\\.crt}', certificate, '--timeout=300s');
  const manager = `deployment/${RELEASE}-controller-manager`;
  await ask('rollout', 'restart', manager);
  await ask('rollout', 'status', manager, '--timeout=300s');
}

async function makeImage(program: string, file: string, name: string): Promise<void> {
  const layer = `${file}.layer`;
  const content = { kind: 'file', from: program } as const;
  const written = await writeLayer(layer, [{ path: 'manager', mode: 0o755, content }]);
  await writeImageArchive(
    file,
    {
      name,
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      entrypoint: ['/manager'],
      environment: {},
      workingDirectory: '/',
      user: '65532:65532',
      labels: {},
    },
    [{ file: layer, description: 'kueue', ...written }],
  );
}

async function helm(cluster: ClusterCoordinates, args: readonly string[]): Promise<void> {
  await run(cluster.helm, ['--kubeconfig', cluster.kubeconfig, ...args], { timeoutSeconds: 400 });
}
