/**
 * Volcano's scheduler and controllers beside the cluster's own, as processes on this machine, built from the Go module,
 * with the definitions and the scheduler's configuration that the module brings.
 */
import { mkdtemp, rm } from 'node:fs/promises';
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
import type { SecondScheduler } from './coscheduling-scheduler.ts';
import { LoggedProcess } from './logged-process.ts';

const VOLCANO = 'volcano.sh/volcano';
/** Those of its controllers that a PodGroup needs; some of the others wait for definitions that are in another chart. */
const CONTROLLERS = ['queue-controller', 'pg-controller'];

export const volcano: GoProgram = {
  name: 'volcano',
  version: '1.14.1',
  module: fileURLToPath(new URL('../../go/volcano/', import.meta.url)),
  packages: ['scheduler', 'controller-manager'].map((command) => `${VOLCANO}/cmd/${command}`),
};

/**
 * @param logs folder for the logs of its programs
 * @throws WsiError `Unavailable` when it cannot be built or does not come up
 */
export async function startVolcano(
  cluster: ClusterCoordinates,
  logs: string,
  log: Log,
): Promise<SecondScheduler> {
  const programs = await buildGoProgram(volcano, log);
  const chart = join(await moduleDirectory(volcano, VOLCANO), 'installer/helm/chart/volcano');
  const definitions = join(chart, 'crd/bases');
  const kubectl = [`--kubeconfig=${cluster.kubeconfig}`];
  await run(cluster.kubectl, [...kubectl, 'apply', '--server-side', '-f', definitions]);
  const home = await mkdtemp(join(tmpdir(), 'wsi-volcano-'));
  const processes: LoggedProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of processes) await process.stop();
    await rm(home, { recursive: true, force: true });
    await attempt(cluster.kubectl, [...kubectl, 'delete', '--wait=false', '-f', definitions]);
  };
  const requireAlive = (): void => {
    for (const process of processes) process.requireAlive();
  };
  const start = async (name: string, ...args: string[]): Promise<LoggedProcess> => {
    const common = [`--kubeconfig=${cluster.kubeconfig}`, '--leader-elect=false', '-v=3'];
    const process = await LoggedProcess.start(
      join(programs, name),
      [...common, ...args],
      join(logs, `volcano-${name}.log`),
    );
    processes.push(process);
    return process;
  };
  try {
    await start('controller-manager', `--controllers=${CONTROLLERS.join(',')}`);
    const configuration = `--scheduler-conf=${join(chart, 'config/volcano-scheduler.conf')}`;
    const scheduler = await start('scheduler', configuration, `--cache-dump-dir=${home}`);
    await scheduler.untilItSays(/Scheduler completes Initialization/);
    // The scheduler makes the queue; the controllers open it, and nothing is let in before.
    const open = ['wait', 'queues.scheduling.volcano.sh/default', '--for=jsonpath={.status.state}=Open'];
    await run(cluster.kubectl, [...kubectl, ...open, '--timeout=900s']);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop, requireAlive };
}
