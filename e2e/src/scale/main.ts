/**
 * `npm run scale`: how long the operator takes to have many jobs running, and what that costs, on nodes that only
 * pretend (https://kwok.sigs.k8s.io): API server, scheduler and operator are real, nothing is trained. With `--hostile` what
 * one tenant can do to the operator and to others; see hostile.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { wholeNumber, WsiError } from '@wsi-operator/foundation';
import { buildImage } from '@wsi-operator/image';
import { Command } from 'commander';
import { nativeProvider, run, type RunningCluster } from '@wsi-operator/cluster';
import { install, uninstall } from '../run/installation.ts';
import { hostileTable, measureHostile } from './hostile.ts';
import { operatorFigures } from './operator-figures.ts';
import { scaleJob } from './scale-job.ts';

interface Options {
  readonly jobs: readonly number[];
  readonly pods: number;
  readonly qps: number;
  readonly keep: boolean;
  readonly timeout: number;
  readonly hostile: boolean;
  readonly operator?: string;
  readonly attack?: string;
}

interface Row {
  readonly jobs: number;
  readonly secondsToRunning: number;
  readonly secondsToAccept: number;
  readonly requestsPerJob: number;
  readonly cpuMillisecondsPerJob: number;
  readonly reconcilesPerJob: number;
  readonly residentMebibytes: number;
  readonly requestsByKind: Record<string, number>;
}

const NAMESPACE = 'scale';
const PODS_OF_A_NODE = 200;
const CHUNK = 100;

const begun = performance.now();
const seconds = (since: number): number => (performance.now() - since) / 1000;
const log = (line: string): void => {
  process.stderr.write(`scale: ${seconds(begun).toFixed(1).padStart(6)} s  ${line}\n`);
};

async function kubectl(cluster: RunningCluster, args: readonly string[], input?: string): Promise<string> {
  return run(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], {
    timeoutSeconds: 600,
    ...(input === undefined ? {} : { input }),
  });
}

/** Asks for as many jobs at once, waits until all are Running, and removes them. */
async function measure(cluster: RunningCluster, jobs: number, { pods, timeout }: Options): Promise<Row> {
  const before = await operatorFigures(cluster);
  const start = performance.now();
  const running = untilRunning(cluster, jobs, start, timeout);
  for (let first = 0; first < jobs; first += CHUNK) {
    const items = Array.from({ length: Math.min(CHUNK, jobs - first) }, (_, index) =>
      scaleJob(`job-${first + index}`, NAMESPACE, pods),
    );
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubectl(cluster, ['create', '-f', '-', '-o', 'name'], list);
  }
  const secondsToAccept = seconds(start);
  const secondsToRunning = await running;
  const after = await operatorFigures(cluster);
  const kinds = [...after.requestsByKind].map(
    ([kind, count]) => [kind, round((count - (before.requestsByKind.get(kind) ?? 0)) / jobs)] as const,
  );
  log(`${jobs} jobs of ${pods} pods are running after ${secondsToRunning.toFixed(1)} s; removing them`);
  await kubectl(cluster, ['delete', 'wtj', '--all', '-n', NAMESPACE, '--wait=true', '--timeout=500s']);
  await untilNoPods(cluster);
  return {
    jobs,
    secondsToRunning: round(secondsToRunning),
    secondsToAccept: round(secondsToAccept),
    requestsPerJob: round((after.requests - before.requests) / jobs),
    cpuMillisecondsPerJob: round(((after.cpuSeconds - before.cpuSeconds) * 1000) / jobs),
    reconcilesPerJob: round((after.reconciles - before.reconciles) / jobs),
    residentMebibytes: round(after.residentBytes / 2 ** 20),
    requestsByKind: Object.fromEntries(kinds.filter(([, count]) => count >= 0.05)),
  };
}

async function untilRunning(
  cluster: RunningCluster,
  jobs: number,
  start: number,
  timeout: number,
): Promise<number> {
  for (let reported = 0; ;) {
    await delay(500);
    const phases = await kubectl(cluster, [
      'get',
      'wtj',
      '-n',
      NAMESPACE,
      '-o=jsonpath={.items[*].status.phase}',
    ]);
    const count = phases.split(' ').filter((phase) => phase === 'Running').length;
    if (count === jobs) return seconds(start);
    if (seconds(start) > timeout) {
      throw new WsiError('Unavailable', `after ${timeout} s only ${count} of ${jobs} jobs are running`);
    }
    if (count >= reported + jobs / 4) {
      reported = count;
      log(`${count} of ${jobs} jobs are running`);
    }
  }
}

async function untilNoPods(cluster: RunningCluster): Promise<void> {
  for (;;) {
    const names = await kubectl(cluster, ['get', 'pods', '-n', NAMESPACE, '-o', 'name']);
    if (names.trim() === '') return;
    await delay(1000);
  }
}

const round = (value: number): number => Math.round(value * 10) / 10;

async function main(options: Options): Promise<void> {
  if (options.hostile) {
    const rows = await measureHostile(log, { main: options.operator, only: options.attack });
    process.stdout.write(`${hostileTable(rows)}\n`);
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), 'wsi-scale-'));
  const cluster = await nativeProvider.start({ nodes: 2, log, gangScheduling: true });
  try {
    const { file, name, digest } = await buildImage('operator', directory);
    const image = await cluster.loadImage({ file, name });
    // Coordinators that only pretend cannot be asked: the pace is that of a cluster on which nobody looks.
    const values = { replicas: 1, apiQps: options.qps, apiBurst: options.qps * 2 };
    const jobs = { progressIntervalMilliseconds: 60_000 };
    await install(cluster, { operator: image, trainer: image, digest }, directory, log, { ...values, jobs });
    const most = Math.max(...options.jobs) * options.pods;
    await cluster.withFakeNodes(Math.ceil(most / PODS_OF_A_NODE));
    await kubectl(cluster, ['create', 'namespace', NAMESPACE]);
    try {
      const rows: Row[] = [];
      for (const jobs of options.jobs) rows.push(await measure(cluster, jobs, options));
      process.stdout.write(`${JSON.stringify({ pods: options.pods, qps: options.qps, rows }, null, 2)}\n`);
    } finally {
      await kubectl(cluster, ['delete', 'namespace', NAMESPACE, '--wait=true', '--timeout=500s']);
      if (!options.keep) await uninstall(cluster);
    }
  } finally {
    if (options.keep) await cluster.keep();
    else await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

const positive = wholeNumber({ least: 1 });

const program = new Command('npm run scale --')
  .description('Measures how many jobs the operator gets running, how fast, and at what cost.')
  .option(
    '--jobs <counts>',
    'how many at once, one after the other',
    (text) => text.split(',').map(positive),
    [100, 300, 1000],
  )
  .option('--pods <count>', 'pods of a job', positive, 10)
  .option('--qps <count>', 'requests a second that the operator may make', positive, 500)
  .option('--timeout <seconds>', 'the longest wait for one number of jobs', positive, 1200)
  .option('--hostile', 'no cluster: what one tenant can do to the operator and to another tenant', false)
  .option('--operator <file>', 'with --hostile: the main.ts of the operator to be measured')
  .option('--attack <words>', 'with --hostile: only attacks with these words in their names')
  .option('--keep', 'leave the cluster running', false)
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`scale: ${WsiError.from(error).message}\n`);
  process.exitCode = 1;
}
