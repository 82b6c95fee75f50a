/**
 * `wsi demo`: the whole product in a few minutes. A cohort whose outcome no single patch reveals, a model of whole
 * slides, the same encoder trained on single patches beside it, and a report.
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { writeFileAtomically, WsiError } from '@wsi-operator/foundation';
import { writeReport } from '@wsi-operator/report';
import { printLine } from '../terminal/streams.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What both runs share; `label` is 1 when two motifs both occur somewhere on the slide. */
const cohort = {
  slides: 128,
  width: 512,
  height: 512,
  task: 'cooccurrence',
  patch: 64,
  motifs: 8,
  seed: 1,
} as const;
/** The cohort's own job, a little shorter, and a little faster than what `tiny` learns with by default. */
const settings = ['training.epochs=8', 'training.optimizer.learningRate=0.0015', 'checkpoint.everySteps=48'];

const runs = [
  { name: 'whole slide', directory: 'whole-slide', set: [] },
  { name: 'single patches', directory: 'single-patches', set: ['model.aggregator.name=instance'] },
] as const;

interface FinishedRun {
  readonly metrics: Readonly<Record<string, number>>;
  readonly parametersSha256: string;
}

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .summary('make a cohort, train on it, compare with patches, show the report')
    .description(
      `Makes ${cohort.slides} slides whose outcome is positive when two motifs both occur, however far apart; slides with\n` +
        'one kind hold as many motifs in all, so no single patch reveals the outcome. Trains a model of whole slides with\n' +
        '2 workers and 2 parameter servers, then the same encoder on single patches, and writes a report of both.\n' +
        'Interrupted, it goes on with the same command.',
    )
    .option('-o, --output <dir>', 'directory of everything that it makes', 'output/demo')
    .action(async ({ output }: { output: string }) => {
      process.exitCode = await demo(resolve(output));
    });
}

async function demo(output: string): Promise<number> {
  const started = performance.now();
  say(`1/4  Making ${cohort.slides} slides in ${join(output, 'cohort')}`);
  const { job } = await synthesizeCohort({ ...cohort, output: join(output, 'cohort') });
  for (const [index, run] of runs.entries()) {
    say(`\n${index + 2}/4  Training on ${run.name}: 2 workers, 2 parameter servers`);
    const code = await train(job, join(output, run.directory), run.set);
    if (code !== 0) return code;
  }
  const [whole, patches] = await Promise.all(
    runs.map(({ directory }) => readResult(join(output, directory))),
  );
  const directory = join(output, runs[0].directory);
  const comparison = [
    { name: 'whole slide (attention, exact slide gradient)', metrics: whole!.metrics },
    { name: 'the same encoder on single patches', metrics: patches!.metrics },
  ];
  await writeFileAtomically(
    join(directory, 'result.json'),
    `${JSON.stringify({ ...whole, comparison }, undefined, 2)}\n`,
  );
  await writeReport(directory, { title: 'Two motifs somewhere on the slide' });
  await writeFile(join(output, 'report.html'), await readFile(join(directory, 'report.html')));
  const seconds = Math.round((performance.now() - started) / 1000);
  say(`\n4/4  Held-out slides: area under the ROC curve and accuracy (0.5 is chance)\n`);
  for (const { name, metrics } of comparison) {
    say(`       ${shown(metrics['test.auc'])}  ${shown(metrics['test.accuracy'])}   ${name}`);
  }
  say(`\n     parameters sha256 ${whole!.parametersSha256}`);
  say(`     ${seconds} s in all. The report: ${join(output, 'report.html')}`);
  return 0;
}

/** The command that a user would give; it shows its own progress and handles Ctrl-C. */
function train(job: string, output: string, set: readonly string[]): Promise<number> {
  const overrides = [...settings, ...set].flatMap((assignment) => ['--set', assignment]);
  const flags = ['--workers', '2', '--servers', '2', '--no-report', ...overrides];
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--no-warnings', main, 'run', job, '--output', output, ...flags], {
      stdio: 'inherit',
    });
    // A terminal's Ctrl-C reaches both; the child stops in order and says how to go on.
    const forward = (signal: NodeJS.Signals): void => {
      child.kill(signal);
    };
    const ignore = (): void => undefined;
    process.on('SIGINT', ignore);
    process.on('SIGTERM', forward);
    child.once('error', fail);
    child.once('exit', (code) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      done(code ?? 1);
    });
  });
}

async function readResult(directory: string): Promise<FinishedRun> {
  const path = join(directory, 'result.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as FinishedRun;
  } catch (error) {
    throw new WsiError('NotFound', 'the run left no readable result', {
      where: path,
      remedy: 'Remove that directory and start the demo again.',
      cause: error,
    });
  }
}

function shown(metric: number | undefined): string {
  return metric?.toFixed(3) ?? '  -  ';
}

function say(line: string): void {
  printLine(line);
}
