/** `wsi run`: a job from start to end on this machine. */
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import {
  jobFromText,
  withDataPaths,
  type WsiTrainingJob,
  type WsiTrainingJobStatus,
} from '@wsi-operator/api';
import { CohortError, examineCohort } from '@wsi-operator/cohort';
import { systemClock, wholeNumber } from '@wsi-operator/foundation';
import { cacheDirectory } from '@wsi-operator/setup/shared-cache';
import { localJob, runLocalJob, type LocalRunResult, type PlanEvent } from '@wsi-operator/operator';
import { readVerdict, writeReport } from '@wsi-operator/report';
import { EXIT_CODES, EXIT_CODES_HELP } from '../exit-codes.ts';
import { manifestName, manifestText } from '../manifest-file.ts';
import { checkpointSteps } from '../local/run-status.ts';
import { requireOwnPlace } from '../local/output-place.ts';
import { createDisplay, type ProgressDisplay } from '../progress/display.ts';
import { MeasuredLines } from '../progress/measured-lines.ts';
import { formatCount } from '../progress/view.ts';
import { watchInterrupts, type Interrupts } from '../progress/interrupts.ts';
import { TIME_UNKNOWN, understoodLines } from '../understood.ts';
import { verdictLines } from '../verdict-lines.ts';
import { noteLine, printLine, standardError } from '../terminal/streams.ts';

const DESCRIPTION = `Trains on this machine: the operator's own reconciler, with processes for pods.

DIR receives result.json, metrics.jsonl, predictions.json, heatmaps/,
checkpoints/, report.html, status.json and logs/ (one log a process).

Ctrl-C stops with a checkpoint, and the same command goes on from there, also
with other numbers of workers and servers: the result is the same to the last
bit. A second Ctrl-C ends everything at once. Processes that die are started
again. A DIR that holds the finished run of the same job is left as it is.`;

const EXAMPLES = `
Examples:
  wsi run job.yaml --output run1
  wsi run job.yaml --output run2 --workers 4 --servers 2
  wsi run job.yaml --output run3 --set training.epochs=3 --set training.optimizer.learningRate=0.01
  wsi run job.yaml --output run1 --force-new      start over; the old run goes to run1/previous-1

Paths in the manifest are relative to the manifest.

${EXIT_CODES_HELP}`;

interface RunFlags {
  readonly output: string;
  readonly workers?: number;
  readonly servers?: number;
  readonly set?: readonly string[];
  readonly forceNew?: boolean;
  readonly report: boolean;
}

export function registerRun(program: Command): void {
  program
    .command('run')
    .summary('train on this machine')
    .description(DESCRIPTION)
    .argument('<job>', 'manifest of a WsiTrainingJob (YAML or JSON)')
    .requiredOption('-o, --output <dir>', 'directory of the run, made when missing')
    .option('-w, --workers <n>', 'number of workers (spec.workers.replicas)', wholeNumber({ least: 1 }))
    .option(
      '-s, --servers <n>',
      'number of parameter servers (spec.parameterServers.replicas)',
      wholeNumber({ least: 1 }),
    )
    .option('--set <path=value>', 'change a field of the spec; may be given several times', collect)
    .option('--force-new', 'start over: what an earlier run has left in DIR is moved to DIR/previous-N')
    .option('--no-report', 'do not make report.html')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: RunFlags) => {
      process.exitCode = await run(file, flags);
    });
}

async function run(file: string, flags: RunFlags): Promise<number> {
  const job = resolvePaths(await loadJob(file, flags), dirname(resolve(file)));
  const output = resolve(flags.output);
  requireOwnPlace(output, job.spec.cohort);
  for (const notice of localJob(job).notices) noteLine(`note: ${notice}`);
  const slides = await understand(job);
  const reached = flags.forceNew === true ? undefined : (await checkpointSteps(output)).at(-1);
  const measured = new MeasuredLines(() => slides);
  const display = createDisplay(standardError, systemClock);
  const interrupts = watchInterrupts(systemClock, (signal) => {
    display.say(`${signal}: stopping with a checkpoint (again: at once) ...`);
  });
  try {
    const end = await runLocalJob({
      job,
      output,
      signal: interrupts.stop,
      killSignal: interrupts.kill,
      forceNew: flags.forceNew === true,
      modelDirectory: join(cacheDirectory(), 'models'),
      onCluster: () => {
        display.say(`${job.metadata.name}: output in ${output}, process logs in ${join(output, 'logs')}`);
        if (reached !== undefined) display.say(`It goes on from the checkpoint of step ${reached}.`);
      },
      onStatus: (status) => {
        const lines = interrupts.stop.aborted ? [] : measured.linesOf(status);
        for (const line of lines) display.say(line);
        display.status(interrupts.stop.aborted ? stopping(status) : status);
      },
      onEvents: (events) => sayEvents(display, events),
      onNotice: (notice) => display.say(`note: ${notice}`),
    });
    display.stop();
    return await conclude(end, { output, command: commandLine(), interrupts, report: flags.report });
  } finally {
    display.stop();
    interrupts.close();
  }
}

/** Once a stop was asked for, the run is not `starting`, whatever its processes say no more. */
function stopping(status: WsiTrainingJobStatus): WsiTrainingJobStatus {
  // Its roles leave one by one, so that the phase goes back to Starting.
  return status.phase === 'Running' || status.phase === 'Starting'
    ? { ...status, phase: 'Running', message: 'stopping' }
    : status;
}

/** Says what is understood of the table, and returns how many slides it has. Every bad row is reported now, before any process starts. */
async function understand({ spec }: WsiTrainingJob): Promise<number> {
  const { problems, cohort, summary, notes } = await examineCohort(spec.cohort, { baseDirectory: '/' });
  const lines =
    cohort === undefined || summary === undefined
      ? notes.map((note) => `note: ${note}`)
      : [...understoodLines({ spec, cohort, summary, notes }), TIME_UNKNOWN];
  for (const line of lines) noteLine(line);
  if (cohort === undefined) throw new CohortError(spec.cohort.table, problems);
  return new Set(cohort.cases.flatMap((of) => of.slides)).size;
}

async function loadJob(file: string, flags: RunFlags): Promise<WsiTrainingJob> {
  const overrides = [
    ...(flags.set ?? []),
    ...(flags.workers === undefined ? [] : [`workers.replicas=${flags.workers}`]),
    ...(flags.servers === undefined ? [] : [`parameterServers.replicas=${flags.servers}`]),
  ];
  return jobFromText(await manifestText(file), manifestName(file), { overrides });
}

/** Paths of the manifest are meant from where it stands, not from where the command was given. */
export function resolvePaths(job: WsiTrainingJob, directory: string): WsiTrainingJob {
  const absolute = (path: string): string => (path.startsWith('s3://') ? path : resolve(directory, path));
  return { ...job, spec: withDataPaths(job.spec, absolute) };
}

function sayEvents(display: ProgressDisplay, events: readonly PlanEvent[]): void {
  for (const event of events) {
    // How the whole run fails is said at the end.
    const single = event.pod !== undefined || event.reason === 'ActionFailed';
    if (event.type === 'Warning' && single) display.say(`! ${event.message}`);
    if (event.reason === 'Rescaled') display.say(event.message);
  }
}

interface Conclusion {
  readonly output: string;
  readonly command: string;
  readonly interrupts: Interrupts;
  readonly report: boolean;
}

/** Says how it ended and what to do next; returns the exit code. */
async function conclude(end: LocalRunResult, context: Conclusion): Promise<number> {
  const { output, command, interrupts } = context;
  switch (end.outcome) {
    case 'succeeded':
      await concludeSuccess(end, context);
      return EXIT_CODES.done;
    case 'failed':
      printLine(`The run failed (${end.reason ?? 'unknown'}): ${end.message ?? ''}`);
      printLine(`The logs of its processes are in ${join(output, 'logs')}.`);
      return end.reason === 'InputInvalid' ? EXIT_CODES.input : failureCode(end);
    case 'suspended': {
      const step = end.status.checkpoint?.step;
      if (end.stopProblem !== undefined) printLine(`The stop was not orderly: ${end.stopProblem}`);
      printLine(step === undefined ? 'Stopped.' : `Stopped after step ${end.status.progress?.step ?? step}.`);
      printLine(`Go on with:\n  ${command}`);
      return interrupts.exitCode;
    }
    case 'killed':
      printLine(`Ended at once; steps after the last checkpoint are lost. Go on with:\n  ${command}`);
      return interrupts.exitCode;
  }
}

function failureCode(end: LocalRunResult): number {
  const storage = end.status.failures?.some((failure) => failure.reason === 'storage' && failure.counted > 0);
  return storage === true ? EXIT_CODES.storage : EXIT_CODES.failed;
}

async function concludeSuccess(end: LocalRunResult, context: Conclusion): Promise<void> {
  const { output } = context;
  if (end.alreadyFinished === true) printLine(`${output} holds the finished run of this job already.`);
  if (end.setAside !== undefined) printLine(`The earlier run is in ${end.setAside}.`);
  const { result } = end;
  if (result !== undefined) {
    for (const line of verdictLines(await readVerdict(output))) printLine(line);
  }
  if (context.report) printLine(`report: ${await writeReport(output)}`);
  if (result !== undefined) {
    const rate = result.tilesPerSecond.toFixed(1);
    printLine(
      `run: ${result.steps} steps, ${formatCount(result.tiles)} tiles, ${rate} tiles/s; metrics in result.json`,
    );
    const left = result.quarantined?.length ?? 0;
    if (left > 0) {
      const slides = left === 1 ? '1 slide was' : `${formatCount(left)} slides were`;
      printLine(`${slides} left out, which could not be read: quarantine.json says which, and why`);
    }
    printLine(`parameters sha256 ${result.parametersSha256}`);
  }
}

/** The command as it was given, for a shell. */
function commandLine(): string {
  const program = startedAs(process.env);
  const words = [...program, ...process.argv.slice(2)];
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** By npx and by npm run, as it can be given again; otherwise by the name on the PATH. */
function startedAs({ npm_command: command, npm_lifecycle_event: script }: NodeJS.ProcessEnv): string[] {
  if (command === 'exec') return ['npx', 'wsi'];
  return command === 'run' && script === 'wsi' ? ['npm', 'run', 'wsi', '--'] : ['wsi'];
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
