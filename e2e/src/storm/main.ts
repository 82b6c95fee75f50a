/**
 * `npm run storm`: a job is run quietly, and then under random faults; it has to end with the same parameters and
 * predictions to the last bit, and to leave nothing behind. A seed that fails is replayed with the same command.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { wholeNumber, WsiError } from '@wsi-operator/foundation';
import { Command, Option } from 'commander';
import { providers, type ProviderName } from '@wsi-operator/cluster';
import type { Arena } from './arena.ts';
import { ClusterArena } from './cluster-arena.ts';
import { LocalArena } from './local-arena.ts';
import { scheduleFaults } from './schedule.ts';
import { Storm, type StormResult } from './storm.ts';
import { summarize } from './summary.ts';

interface Options {
  readonly faults: number;
  readonly seed: number;
  readonly epochs: number;
  /** Without it, processes of this machine. */
  readonly cluster?: ProviderName;
  readonly output: string;
  readonly keep: boolean;
}

const begun = performance.now();
const log = (line: string): void => {
  process.stderr.write(`storm: ${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

async function main(options: Options): Promise<void> {
  await mkdir(options.output, { recursive: true });
  const path = join(options.output, `${options.cluster ?? 'storm'}-${options.seed}.jsonl`);
  const lines = createWriteStream(path);
  const arena = await makeArena(options);
  let failed = true;
  const interrupted = (): void => void arena.close(false).finally(() => process.exit(130));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted);
  try {
    for (const [kind, reason] of Object.entries(arena.impossible)) log(`skipped: ${kind}: ${reason}`);
    const schedule = scheduleFaults({
      ...options,
      ...arena.replicas,
      shares: arena.shares,
      others: arena.others,
    });
    const storm = new Storm(arena, { log, onFault: (record) => lines.write(`${JSON.stringify(record)}\n`) });
    const result = await storm.rage(schedule);
    failed = result.faults.length > 0;
    report(result, options, path);
  } finally {
    lines.end();
    await arena.close(failed && options.keep);
  }
}

async function makeArena({ cluster, epochs }: Options): Promise<Arena> {
  return cluster === undefined ? LocalArena.make(epochs) : ClusterArena.make(cluster, epochs, log);
}

function report({ records, runs, faults, seconds }: StormResult, options: Options, path: string): void {
  const say = (line: string): boolean => process.stdout.write(`${line}\n`);
  say(summarize(records));
  say(
    `${records.length} faults in ${runs} runs and ${(seconds / 60).toFixed(1)} minutes; each is a line of ${path}`,
  );
  if (faults.length === 0) {
    say(
      'Every run ended with the parameters, predictions and losses of the quiet one, and left nothing behind.',
    );
    return;
  }
  process.exitCode = 1;
  for (const line of faults) say(`WRONG: ${line}`);
  const where = options.cluster === undefined ? '' : ` --cluster ${options.cluster}`;
  const { faults: count, seed, epochs } = options;
  say(`Replay: npm run storm -- --faults ${count} --seed ${seed} --epochs ${epochs}${where}`);
}

const count = wholeNumber({ least: 1 });

const program = new Command('npm run storm --')
  .description('Runs a job under random faults and compares it with a quiet run.')
  .option('--faults <n>', 'how many', count, 100)
  .option('--seed <n>', 'decides which fault strikes when, and whom', count, 1)
  .option('--epochs <n>', 'length of a run; when it has ended, the next one begins', count, 40)
  .addOption(
    new Option('--cluster <provider>', 'on a Kubernetes cluster, not as processes of this machine').choices(
      Object.keys(providers),
    ),
  )
  .option('--output <dir>', 'where the lines of JSON go', join('output', 'storm'))
  .option('--keep', 'keep the directories of a run that failed', false)
  .action(main);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`storm: ${WsiError.from(error).message}\n`);
  process.exitCode = 1;
}
