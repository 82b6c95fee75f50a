/** Starts and removes a cluster on this machine. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { attempt, run } from '../command.ts';
import type { StartOptions } from '../provider.ts';
import { BRIDGE } from './addresses.ts';
import { CertificateFolder, kubeconfig } from './certificates.ts';
import { baseObjects, makeVolumeFolders } from './base-objects.ts';
import { readRecord, removeRecord, writeRecord, type ClusterRecord } from './cluster-record.ts';
import {
  COMPONENT_USERS,
  apiServerCommand,
  controllerManagerCommand,
  etcdCommand,
  kubeconfigOf,
  makeControlPlaneCertificates,
  schedulerCommand,
  type ControlPlaneOptions,
} from './control-plane.ts';
import { startDaemon, untilReady, type Daemon, type LiveProcess } from './daemon.ts';
import { raiseKernelSettings, restoreKernelSettings } from './kernel-settings.ts';
import {
  containerdCommand,
  kubeletCommand,
  makeNodeCertificates,
  nameServerCommand,
  proxyCommand,
} from './node-agent.ts';
import {
  inside,
  makeBridge,
  makeCell,
  makeMountPoints,
  removeBridge,
  removeMountPoints,
  type NodeCell,
} from './node-cell.ts';
import { importImage, makePauseImage, runtimeAnswers } from './node-images.ts';
import {
  CLUSTER_GROUP,
  DAEMON_GROUP,
  hierarchies,
  killGroup,
  makeGroup,
  removeGroup,
} from './process-group.ts';
import type { Programs } from './programs.ts';

const READY_SECONDS = 120;

/** Kubernetes' own gang scheduling is beta and off in 1.37. */
const GANG_SCHEDULING = {
  featureGates: { GenericWorkload: true },
  apis: ['scheduling.k8s.io/v1beta1'],
};

/**
 * Starts a cluster and waits until its nodes are ready. Only for the holder of the cluster lock, and only where none is.
 * @param owner the program at whose end the cluster may be removed
 */
export async function startCluster(
  options: StartOptions,
  programs: Programs,
  owner: LiveProcess | undefined,
): Promise<ClusterRecord> {
  const started = performance.now();
  const say = (line: string): void => {
    options.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${line}`);
  };
  const home = mkdtempSync(join(tmpdir(), 'wsi-cluster-'));
  mkdirSync(logsOf(home));
  let record: ClusterRecord = {
    home,
    startedAt: new Date().toISOString(),
    ...(owner === undefined ? {} : { owner }),
    gangScheduling: options.gangScheduling === true,
    kernelSettings: raiseKernelSettings(),
    mountPoints: makeMountPoints(),
    cells: [],
    daemons: [],
    ready: false,
  };
  // Known before anything is there: whoever finds it half-made can remove it.
  await writeRecord(record);
  makeGroup(DAEMON_GROUP);
  await makeBridge();
  const cells = await Promise.all(
    Array.from({ length: options.nodes }, async (_, at) => makeCell(at + 1, options.nodes, home)),
  );
  say(`${cells.length} nodes have their networks`);
  const launch = new Launch(home, programs);
  const daemons = await bringUp(launch, cells, programs, options, say);
  record = { ...record, cells, daemons, ready: true };
  await writeRecord(record);
  return record;
}

async function bringUp(
  launch: Launch,
  cells: readonly NodeCell[],
  programs: Programs,
  options: StartOptions,
  say: (line: string) => void,
): Promise<Daemon[]> {
  const { home } = launch;
  const first = cells[0]!;
  const certificates = new CertificateFolder(join(home, 'certificates'));
  mkdirSync(certificates.directory, { mode: 0o700 });
  const settings: ControlPlaneOptions = {
    home,
    certificates,
    programs,
    ...(options.gangScheduling === true ? GANG_SCHEDULING : { featureGates: {}, apis: [] }),
  };
  await makeControlPlaneCertificates(certificates);
  for (const cell of cells) await makeNodeCertificates(certificates, cell);
  writeKubeconfigs(home, certificates, cells);
  say('certificates are made');

  const runtimes = cells.map(async (cell) => {
    const runtime = await launch.start(`containerd-${cell.name}`, cell, containerdCommand(cell, settings));
    await untilReady(runtime, READY_SECONDS, async () => runtimeAnswers(cell, programs));
  });
  await launch.start('etcd', first, etcdCommand(settings));
  // The API server tries until etcd is there.
  const apiServer = await launch.start('kube-apiserver', first, apiServerCommand(settings));
  const pauseImage = await makePauseImage(programs, join(home, 'pause.tar'));
  await Promise.all(runtimes);
  await Promise.all(cells.map(async (cell) => importImage(cell, programs, pauseImage)));
  say('container runtimes are up');
  await untilReady(apiServer, READY_SECONDS, async () => apiServerAnswers(home, programs));
  say('the API server answers');

  await launch.start('kube-controller-manager', first, controllerManagerCommand(settings));
  await launch.start('kube-scheduler', first, schedulerCommand(settings));
  for (const cell of cells) {
    await launch.start(`kubelet-${cell.name}`, cell, kubeletCommand(cell, settings));
    await launch.start(`kube-proxy-${cell.name}`, cell, proxyCommand(cell, settings));
  }
  makeVolumeFolders(home);
  const objects = JSON.stringify(baseObjects(home));
  await administer(home, programs, ['apply', '-f', '-'], { input: objects });
  const nameServer = await launch.start('coredns', first, nameServerCommand(settings));
  for (const cell of cells) {
    const kubelet = launch.daemon(`kubelet-${cell.name}`);
    await untilReady(kubelet, READY_SECONDS, async () => nodeIsReady(home, programs, cell.name));
  }
  say('the nodes are ready');
  const controllers = launch.daemon('kube-controller-manager');
  await untilReady(controllers, READY_SECONDS, async () => podsAreAdmitted(home, programs));
  await untilReady(nameServer, READY_SECONDS, async () => namesAreServed(first));
  say('pods can run');
  return launch.daemons;
}

/** Ends every process of a cluster and removes all that it has left on this machine, whatever state it is in. */
export async function removeCluster(): Promise<void> {
  const record = readRecord();
  await killGroup(CLUSTER_GROUP);
  await removeBridge();
  await removeGroup(CLUSTER_GROUP);
  if (record !== undefined) {
    removeMountPoints(record.mountPoints);
    restoreKernelSettings(record.kernelSettings);
    rmSync(record.home, { recursive: true, force: true });
  }
  removeRecord();
}

/** Whether anything of a cluster is on this machine, running or not. */
export function somethingIsThere(): boolean {
  return (
    readRecord() !== undefined ||
    existsSync(`/sys/class/net/${BRIDGE}`) ||
    hierarchies().some((hierarchy) => existsSync(join(hierarchy, CLUSTER_GROUP)))
  );
}

/** Folder with a log for each component. */
export function logsOf(home: string): string {
  return join(home, 'logs');
}

export function administratorConfig(home: string): string {
  return kubeconfigOf({ home }, 'admin');
}

/** Starts daemons in cells, and knows them by name. */
export class Launch {
  readonly home: string;
  readonly daemons: Daemon[];
  readonly #path: string;

  constructor(home: string, programs: Programs, daemons: readonly Daemon[] = []) {
    this.home = home;
    this.daemons = [...daemons];
    this.#path = [programs.containerdDirectory, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter);
  }

  async start(name: string, cell: NodeCell, command: readonly string[]): Promise<Daemon> {
    return this.#run(name, inside(cell, command));
  }

  /** Starts a daemon that has ended, as it was started before. */
  async restart(name: string): Promise<Daemon> {
    return this.#run(name, this.daemon(name).command);
  }

  /** Ends a daemon for good; one that is not there is no failure. */
  async end(name: string, end: (daemon: Daemon) => Promise<void>): Promise<void> {
    const at = this.daemons.findIndex((daemon) => daemon.name === name);
    const [daemon] = at < 0 ? [] : this.daemons.splice(at, 1);
    if (daemon !== undefined) await end(daemon);
  }

  async #run(name: string, command: readonly string[]): Promise<Daemon> {
    const daemon = await startDaemon(name, command, {
      group: DAEMON_GROUP,
      log: join(logsOf(this.home), `${name}.log`),
      path: this.#path,
    });
    const at = this.daemons.findIndex((other) => other.name === name);
    this.daemons.splice(at < 0 ? this.daemons.length : at, at < 0 ? 0 : 1, daemon);
    return daemon;
  }

  daemon(name: string): Daemon {
    return this.daemons.find((daemon) => daemon.name === name)!;
  }
}

function writeKubeconfigs(home: string, certificates: CertificateFolder, cells: readonly NodeCell[]): void {
  mkdirSync(join(home, 'configuration'));
  for (const user of ['admin', ...Object.keys(COMPONENT_USERS), ...cells.map(({ name }) => name)]) {
    writeFileSync(kubeconfigOf({ home }, user), kubeconfig(certificates, user), { mode: 0o600 });
  }
}

/** @param seconds that one request may take: a server that has just come up on a busy machine is slow at first */
async function administer(
  home: string,
  programs: Programs,
  args: readonly string[],
  { input, seconds = 120 }: { readonly input?: string; readonly seconds?: number } = {},
): Promise<string> {
  return run(
    programs.component('kubectl'),
    [`--kubeconfig=${administratorConfig(home)}`, `--request-timeout=${seconds}s`, ...args],
    { timeoutSeconds: 3 * seconds, ...(input === undefined ? {} : { input }) },
  );
}

/** One check, which is repeated. */
async function answer(home: string, programs: Programs, args: readonly string[]): Promise<string> {
  return administer(home, programs, args, { seconds: 10 }).catch(() => '');
}

export async function apiServerAnswers(home: string, programs: Programs): Promise<boolean> {
  return (await answer(home, programs, ['get', '--raw=/readyz'])) === 'ok';
}

async function nodeIsReady(home: string, programs: Programs, node: string): Promise<boolean> {
  const condition = '-o=jsonpath={.status.conditions[?(@.type=="Ready")].status}';
  return (await answer(home, programs, ['get', 'node', node, condition])) === 'True';
}

/** A pod is refused as long as its namespace has no service account. */
async function podsAreAdmitted(home: string, programs: Programs): Promise<boolean> {
  return (await answer(home, programs, ['get', 'serviceaccount', 'default', '-o=name'])) !== '';
}

async function namesAreServed(cell: NodeCell): Promise<boolean> {
  const probe = inside(cell, [
    '/bin/bash',
    '-c',
    'exec 3<>/dev/tcp/127.0.0.1/8181; printf "GET /ready HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3',
  ]);
  const { stdout } = await attempt(probe[0]!, probe.slice(1), { timeoutSeconds: 5 });
  return stdout.includes(' 200 ');
}
