/**
 * A second scheduler with the coscheduling plug-in, beside the cluster's own, as a process on this machine: the real
 * plug-in, built from its Go module, with the CustomResourceDefinition that the module brings.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WsiError } from '@wsi/foundation';
import { buildGoProgram, type GoProgram, type Log } from '../cluster/native/go-program.ts';
import { attempt, lastLines, run } from '../command.ts';
import type { ClusterCoordinates } from '../cluster/provider.ts';

/** The scheduler that pods of a coscheduling gang name unless the administrator or the template says otherwise. */
const SCHEDULER_NAME = 'scheduler-plugins-scheduler';
const PLUGINS = 'sigs.k8s.io/scheduler-plugins';
const CRD = 'config/crd/bases/scheduling.x-k8s.io_podgroups.yaml';
const LEASE_SECONDS = 60;

export const coscheduling: GoProgram = {
  name: 'kube-scheduler-coscheduling',
  // Kubernetes' version, which the scheduler tells the API server; the plug-in's is in go.mod.
  version: '1.34.4',
  module: fileURLToPath(new URL('../../native/coscheduling/', import.meta.url)),
  packages: ['.'],
  variables: { 'k8s.io/component-base/version.gitVersion': 'v1.34.4' },
};

export interface SecondScheduler {
  /** Ends the process and removes the plug-in's resource from the cluster, with all PodGroups. */
  stop(): Promise<void>;
}

/** @throws WsiError `Unavailable` when it cannot be built or does not come up */
export async function startCoscheduling(cluster: ClusterCoordinates, log: Log): Promise<SecondScheduler> {
  const programs = await buildGoProgram(coscheduling, log);
  const crd = join(await moduleDirectory(), CRD);
  const kubectl = [`--kubeconfig=${cluster.kubeconfig}`];
  await run(cluster.kubectl, [...kubectl, 'apply', '--server-side', '-f', crd]);
  const home = await mkdtemp(join(tmpdir(), 'wsi-coscheduling-'));
  const process = await launch(join(programs, coscheduling.name), home, cluster.kubeconfig);
  const stop = async (): Promise<void> => {
    if (process.exitCode === null && process.signalCode === null) {
      process.kill('SIGTERM');
      await once(process, 'exit');
    }
    await rm(home, { recursive: true, force: true });
    await attempt(cluster.kubectl, [...kubectl, 'delete', '--wait=false', '-f', crd]);
  };
  try {
    await untilLeading(process, home);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function moduleDirectory(): Promise<string> {
  const text = await run('go', ['mod', 'download', '-json', PLUGINS], { cwd: coscheduling.module });
  return (JSON.parse(text) as { Dir: string }).Dir;
}

async function launch(program: string, home: string, kubeconfig: string): Promise<ChildProcess> {
  const configuration = join(home, 'scheduler.json');
  writeFileSync(configuration, JSON.stringify(schedulerConfiguration(kubeconfig)));
  const output = openSync(join(home, 'log'), 'w');
  // No port: nothing asks this process anything.
  const process = spawn(program, [`--config=${configuration}`, '--secure-port=0', '-v=2'], {
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  await once(process, 'spawn').catch((error: unknown) => {
    throw WsiError.from(error, 'Unavailable', { where: program });
  });
  return process;
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

/** It has read the cluster when its caches are filled. */
async function untilLeading(process: ChildProcess, home: string): Promise<void> {
  const log = join(home, 'log');
  for (let waited = 0; waited < LEASE_SECONDS * 10; waited += 1) {
    const text = readFileSync(log, 'utf8');
    if (text.includes('Caches populated') || text.includes('"Caches are synced"')) return;
    if (process.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new WsiError('Unavailable', 'The scheduler with the coscheduling plug-in does not come up', {
    remedy: lastLines(readFileSync(log, 'utf8')),
  });
}
