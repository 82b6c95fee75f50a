/**
 * A second scheduler with the coscheduling plug-in, beside the cluster's own, as a process on this machine: the real
 * plug-in, built from its Go module, with the CustomResourceDefinition that the module brings.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  attempt,
  buildGoProgram,
  type ClusterCoordinates,
  type GoProgram,
  type Log,
  moduleDirectory,
  run,
} from '@wsi-operator/cluster';
import { LoggedProcess } from './logged-process.ts';

/** The scheduler that pods of a coscheduling gang name unless the administrator or the template says otherwise. */
const SCHEDULER_NAME = 'scheduler-plugins-scheduler';
const PLUGINS = 'sigs.k8s.io/scheduler-plugins';
const CRD = 'config/crd/bases/scheduling.x-k8s.io_podgroups.yaml';

export const coscheduling: GoProgram = {
  name: 'kube-scheduler-coscheduling',
  // Kubernetes' version, which the scheduler tells the API server; the plug-in's is in go.mod.
  version: '1.34.4',
  module: fileURLToPath(new URL('../../go/coscheduling/', import.meta.url)),
  packages: ['.'],
  variables: { 'k8s.io/component-base/version.gitVersion': 'v1.34.4' },
};

export interface SecondScheduler {
  /** Ends the process and removes the plug-in's resource from the cluster, with all PodGroups. */
  stop(): Promise<void>;
  /** @throws WsiError `Unavailable` when a program of it has ended by itself, with its last words */
  requireAlive(): void;
}

/**
 * @param logs folder for the scheduler's log
 * @throws WsiError `Unavailable` when it cannot be built or does not come up
 */
export async function startCoscheduling(
  cluster: ClusterCoordinates,
  logs: string,
  log: Log,
): Promise<SecondScheduler> {
  const programs = await buildGoProgram(coscheduling, log);
  const crd = join(await moduleDirectory(coscheduling, PLUGINS), CRD);
  const kubectl = [`--kubeconfig=${cluster.kubeconfig}`];
  await run(cluster.kubectl, [...kubectl, 'apply', '--server-side', '-f', crd]);
  const home = await mkdtemp(join(tmpdir(), 'wsi-coscheduling-'));
  const scheduler = await launch(
    join(programs, coscheduling.name),
    home,
    join(logs, 'coscheduling.log'),
    cluster.kubeconfig,
  );
  const requireAlive = (): void => scheduler.requireAlive();
  const stop = async (): Promise<void> => {
    await scheduler.stop();
    await rm(home, { recursive: true, force: true });
    await attempt(cluster.kubectl, [...kubectl, 'delete', '--wait=false', '-f', crd]);
  };
  try {
    // It has read the cluster when its caches are filled.
    await scheduler.untilItSays(/Caches populated|"Caches are synced"/);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop, requireAlive };
}

async function launch(
  program: string,
  home: string,
  log: string,
  kubeconfig: string,
): Promise<LoggedProcess> {
  const configuration = join(home, 'scheduler.json');
  await writeFile(configuration, JSON.stringify(schedulerConfiguration(kubeconfig)));
  // No port: nothing asks this process anything.
  const args = [`--config=${configuration}`, '--secure-port=0', '-v=2'];
  return LoggedProcess.start(program, args, log);
}

function schedulerConfiguration(kubeconfig: string): object {
  const name = 'Coscheduling';
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig },
    leaderElection: { leaderElect: false },
    profiles: [
      {
        schedulerName: SCHEDULER_NAME,
        plugins: {
          multiPoint: { enabled: [{ name }] },
          queueSort: { disabled: [{ name: '*' }], enabled: [{ name }] },
        },
      },
    ],
  };
}
