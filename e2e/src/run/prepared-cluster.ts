/** A cluster with the images loaded and the operator installed, and its description for suites and storms. */
import { join } from 'node:path';
import { buildImage, type Target } from '@wsi-operator/image';
import type { Log, RunningCluster } from '@wsi-operator/cluster';
import type { SessionFile } from '../suite/session.ts';
import { listenForCommands } from './control-socket.ts';
import { CHART, install, OPERATOR_NAMESPACE, RELEASE, type Images } from './installation.ts';

export interface PreparedCluster {
  readonly session: Omit<SessionFile, 'short' | 'builds'>;
  /** Hears no more commands of suites; the operator stays. */
  readonly close: () => void;
}

/** @param directory for images, values and the socket of commands */
export async function prepareCluster(
  cluster: RunningCluster,
  directory: string,
  log: Log,
): Promise<PreparedCluster> {
  const images = await loadImages(cluster, directory, log);
  const values = await install(cluster, images, directory, log);
  log('the operator is ready');
  const control = join(directory, 'control');
  const close = await listenForCommands(control, cluster);
  const { provider, kubeconfig, kubectl, helm, features } = cluster;
  const session = {
    ...{ provider, kubeconfig, kubectl, helm, features, control, values },
    trainerImage: images.trainer,
    operatorImage: images.operator,
    operatorNamespace: OPERATOR_NAMESPACE,
    release: RELEASE,
    chart: CHART,
  };
  return { session, close };
}

async function loadImages(cluster: RunningCluster, directory: string, log: Log): Promise<Images> {
  const load = async (target: Target): Promise<{ name: string; digest: string }> => {
    const { file, name, digest } = await buildImage(target, directory);
    return { name: await cluster.loadImage({ file, name }), digest };
  };
  const [operator, trainer] = [await load('operator'), await load('trainer')];
  log(`images are loaded: ${operator.name}, ${trainer.name}`);
  return { operator: operator.name, trainer: trainer.name, digest: operator.digest };
}
