/** `npm run e2e`: brings a cluster up, installs the chart with Helm, and runs the suites against it with kubectl. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ProviderName, providers, type RunningCluster } from '@wsi-operator/cluster';
import { uninstall } from './run/installation.ts';
import { prepareCluster } from './run/prepared-cluster.ts';
import { chosenSuites, runSuite, sum, type Counts } from './run/suites.ts';

interface Options {
  readonly provider: ProviderName;
  readonly only: readonly string[];
  readonly keep: boolean;
  readonly ifPossible: boolean;
  readonly short: boolean;
  readonly built: boolean;
  readonly minutes: number;
}

/** Where the logs of a suite that failed stay. */
const KEPT = new URL('../../output/e2e/', import.meta.url).pathname;
const begun = performance.now();
const log = (line: string): void => {
  process.stderr.write(`e2e: ${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

async function runOn(cluster: RunningCluster, options: Options, directory: string): Promise<Counts> {
  const suites = chosenSuites(options.only);
  const { session, close } = await prepareCluster(cluster, directory, log);
  const file = join(directory, 'session.json');
  const { short, built } = options;
  await writeFile(file, JSON.stringify({ ...session, short, builds: !built }));
  const counts: Counts[] = [];
  try {
    for (const suite of suites) {
      stopped.signal.throwIfAborted();
      if (performance.now() - begun > options.minutes * 60_000) {
        log(`suite ${suite} is skipped: ${options.minutes} minutes are over`);
        counts.push({ passed: 0, failed: 0, skipped: 1 });
        continue;
      }
      log(`suite ${suite}`);
      const started = performance.now();
      const files = { session: file, results: join(directory, `${suite}.json`), logs: join(KEPT, suite) };
      await rm(files.logs, { recursive: true, force: true });
      await mkdir(files.logs, { recursive: true });
      const count = await runSuite(suite, files, stopped.signal);
      counts.push(count);
      log(`suite ${suite} took ${((performance.now() - started) / 1000).toFixed(0)} s`);
      if (count.failed === 0) await rm(files.logs, { recursive: true });
      else await keepLogs(cluster, files.logs);
    }
  } finally {
    close();
    if (!options.keep) await uninstall(cluster).catch((error: unknown) => log(WsiError.from(error).message));
  }
  return sum(counts);
}

/** The logs of the suite's components are there already; those of the cluster go with it. */
async function keepLogs(cluster: RunningCluster, folder: string): Promise<void> {
  if (cluster.logs !== undefined) {
    await cp(cluster.logs, join(folder, 'cluster'), { recursive: true }).catch((error: unknown) =>
      log(WsiError.from(error).message),
    );
  }
  log(`logs and evidence of the failure are kept in ${folder}`);
}

async function main(options: Options): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-e2e-'));
  try {
    const cluster = await begin(options);
    if (typeof cluster === 'string') {
      const suites = chosenSuites(options.only);
      for (const suite of suites) log(`suite ${suite} is skipped: ${cluster}`);
      report({ passed: 0, failed: 0, skipped: suites.length });
      return;
    }
    try {
      report(await runOn(cluster, options, directory));
    } finally {
      if (options.keep) {
        await cluster.keep();
        log(`kept: export KUBECONFIG=${cluster.kubeconfig}`);
      } else await cluster.stop();
    }
  } finally {
    if (!options.keep) await rm(directory, { recursive: true, force: true });
  }
}

/** @returns why there is none, where that is to be taken as it is */
async function begin({ provider: name, ifPossible }: Options): Promise<RunningCluster | string> {
  const provider = providers[name];
  try {
    const possible = await provider.canRunHere();
    if (!possible.ok) {
      throw new WsiError(
        'Unavailable',
        `no cluster by "${name}" can be had here: ${possible.reasons.join('; ')}`,
        {
          remedy: 'See docs/development-cluster.md, or choose another with --provider.',
        },
      );
    }
    return await provider.start({ nodes: 2, gangScheduling: true, log });
  } catch (error) {
    if (ifPossible) return WsiError.from(error).message;
    throw error;
  }
}

function report({ passed, failed, skipped }: Counts): void {
  process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  if (failed > 0) process.exitCode = 1;
}

function minutes(text: string): number {
  const count = Number(text);
  if (!(count > 0)) throw new InvalidArgumentError('Give a number of minutes above 0.');
  return count;
}

/** The first Ctrl-C ends the suite under way and removes what was made. */
const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopped.abort(new WsiError('Unavailable', `stopped by ${signal}`)));
}

const program = new Command('npm run e2e --')
  .description('Tests the operator on a cluster, as its users use it.')
  .addOption(
    new Option('--provider <name>', 'where the cluster comes from')
      .choices(Object.keys(providers))
      .default('native'),
  )
  .option('--only <suites...>', 'only these suites', [])
  .option('--keep', 'leave the cluster and the operator running', false)
  .option('--short', 'without the tests that take minutes', false)
  .option('--built', 'without the tests that need programs which have not been built yet', false)
  .option('--minutes <number>', 'begin no suite when so much time is over', minutes, Number.POSITIVE_INFINITY)
  .option('--if-possible', 'succeed, and say so, where no cluster can be had', false)
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`e2e: ${WsiError.from(error).message}\n`);
  process.exitCode = 1;
}
