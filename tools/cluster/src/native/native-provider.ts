/**
 * A cluster of real components on this machine: etcd, API server, controller manager, scheduler, and for each node a
 * kubelet, a containerd and a kube-proxy of its own. See docs/development-cluster.md.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { WsiError } from '@wsi-operator/foundation';
import type { ClusterProvider, ImageArchive, Log, RunningCluster, StartOptions } from '../provider.ts';
import { readRecord, withClusterLock, writeRecord, type ClusterRecord } from './cluster-record.ts';
import { endProcess, isAlive, thisProcess, untilReady } from './daemon.ts';
import { requirePackages } from './debian-packages.ts';
import { addFakeNodes } from './fake-nodes.ts';
import {
  Launch,
  administratorConfig,
  apiServerAnswers,
  logsOf,
  removeCluster,
  somethingIsThere,
  startCluster,
} from './native-cluster.ts';
import { importImage } from './node-images.ts';
import { endPolicies, preparePolicies, startPolicies } from './policy-agent.ts';
import { canRunHere } from './preconditions.ts';
import { buildPrograms, type Programs } from './programs.ts';
import { qualifiedName } from '@wsi-operator/image';

const WAIT_FOR_OTHERS_MILLISECONDS = 2000;
const API_SERVER = 'kube-apiserver';

export const nativeProvider: ClusterProvider = {
  name: 'native',
  canRunHere,
  async start(options) {
    return startNativeCluster(options, { mine: true });
  },
};

/**
 * Starts a cluster, or takes the one that a developer has left running.
 * @param mine whether it is to be removed when this program ends, however it ends
 */
export async function startNativeCluster(
  options: StartOptions,
  { mine }: { readonly mine: boolean },
): Promise<RunningCluster> {
  const possible = await canRunHere();
  if (!possible.ok) {
    throw new WsiError('Unavailable', `No cluster can run on this machine: ${possible.reasons.join('; ')}`, {
      remedy: 'Use --provider kind where there is Docker, or --provider existing with a KUBECONFIG.',
    });
  }
  await requirePackages(options.log);
  const programs = await buildPrograms(options.log);
  for (let reported = false; ; reported = true) {
    const cluster = await withClusterLock(options.log, async () => takeTurn(options, programs, mine));
    if (cluster !== undefined) return cluster;
    if (!reported) options.log('waiting: another program uses the cluster of this machine');
    await delay(WAIT_FOR_OTHERS_MILLISECONDS);
  }
}

/** @returns undefined while somebody else uses the cluster */
async function takeTurn(
  options: StartOptions,
  programs: Programs,
  mine: boolean,
): Promise<RunningCluster | undefined> {
  const found = readRecord();
  if (found !== undefined && isRunning(found)) {
    if (found.owner !== undefined && isAlive(found.owner)) return undefined;
    if (found.owner === undefined) return taken(found, options, programs);
  }
  if (somethingIsThere()) {
    options.log('removing what a cluster has left behind that was not stopped');
    await removeCluster();
  }
  try {
    const record = await startCluster(options, programs, mine ? thisProcess() : undefined);
    return new NativeCluster(record, programs, options.log, true);
  } catch (error) {
    if (process.env['WSI_KEEP_FAILED_CLUSTER'] === undefined) await removeCluster();
    throw error;
  }
}

function taken(record: ClusterRecord, options: StartOptions, programs: Programs): RunningCluster {
  const lacks = [
    ...(record.cells.length < options.nodes ? [`it has ${record.cells.length} nodes`] : []),
    ...(options.gangScheduling === true && !record.gangScheduling ? ['its gang scheduling is off'] : []),
  ];
  if (lacks.length > 0) {
    throw new WsiError('Unavailable', `A cluster is running here, and ${lacks.join(', and ')}`, {
      remedy: 'Remove it first: npm run cluster -- down',
    });
  }
  options.log(`using the cluster that has been running since ${record.startedAt}`);
  return new NativeCluster(record, programs, options.log, false);
}

/** Whether every process of the cluster lives. */
export function isRunning(record: ClusterRecord): boolean {
  return record.ready && [...record.daemons, ...record.cells.map(({ holder }) => holder)].every(isAlive);
}

/** Removes the cluster of this machine. @returns whether there was any */
export async function removeNativeCluster(log: Log): Promise<boolean> {
  return withClusterLock(log, async () => {
    const there = somethingIsThere();
    await removeCluster();
    return there;
  });
}

class NativeCluster implements RunningCluster {
  readonly provider = 'native';
  readonly kubeconfig: string;
  readonly kubectl: string;
  readonly helm: string;
  readonly logs: string;
  readonly features;
  readonly #programs: Programs;
  readonly #log: Log;
  #record: ClusterRecord;
  /** Whether `stop` removes it. */
  #mine: boolean;

  constructor(record: ClusterRecord, programs: Programs, log: Log, mine: boolean) {
    this.#record = record;
    this.#programs = programs;
    this.#log = log;
    this.#mine = mine;
    this.kubeconfig = administratorConfig(record.home);
    this.kubectl = programs.component('kubectl');
    this.helm = programs.helm;
    this.logs = logsOf(record.home);
    this.features = {
      restartApiServer: true,
      changeNodes: true,
      networkPolicies: false,
      policiesOnDemand: true,
      gangScheduling: record.gangScheduling,
      fakeNodes: true,
      volumes: true,
    };
  }

  async loadImage(image: ImageArchive): Promise<string> {
    await Promise.all(this.#record.cells.map(async (cell) => importImage(cell, this.#programs, image)));
    return qualifiedName(image.name);
  }

  async restartApiServer({ secondsAway = 0 }: { readonly secondsAway?: number } = {}): Promise<void> {
    await this.#change(async (launch) => {
      const old = launch.daemon(API_SERVER);
      await endProcess(old, 'SIGKILL');
      await delay(secondsAway * 1000);
      const next = await launch.restart(API_SERVER);
      await untilReady(next, 120, async () => apiServerAnswers(this.#record.home, this.#programs));
    });
  }

  async withFakeNodes(count: number): Promise<void> {
    await this.#change(async (launch) => {
      const cell = this.#record.cells[0]!;
      await addFakeNodes(count, {
        launch,
        cell,
        kubeconfig: this.kubeconfig,
        kubectl: this.kubectl,
        log: this.#log,
      });
    });
  }

  async keepPolicies(kept: boolean): Promise<void> {
    const program = kept ? await preparePolicies(this.#log) : '';
    const { cells } = this.#record;
    await this.#change(async (launch) =>
      kept ? startPolicies(launch, cells, program) : endPolicies(launch, cells),
    );
  }

  async keep(): Promise<void> {
    this.#mine = false;
    await withClusterLock(this.#log, async () => {
      const { owner: _, ...record } = this.#record;
      this.#record = record;
      await writeRecord(record);
    });
  }

  async stop(): Promise<void> {
    if (this.#mine) await withClusterLock(this.#log, removeCluster);
  }

  async #change(work: (launch: Launch) => Promise<void>): Promise<void> {
    await withClusterLock(this.#log, async () => {
      const launch = new Launch(this.#record.home, this.#programs, (readRecord() ?? this.#record).daemons);
      try {
        await work(launch);
      } finally {
        this.#record = { ...this.#record, daemons: launch.daemons };
        await writeRecord(this.#record);
      }
    });
  }
}
