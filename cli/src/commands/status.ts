/** `wsi status`: the jobs of a namespace, or one of them, once or live. */
import { type Command, Option } from 'commander';
import { dump } from 'js-yaml';
import { WsiError } from '@wsi-operator/foundation';
import { jobDetails } from '../cluster/job-details.ts';
import { jobTable } from '../cluster/job-table.ts';
import { formatObjects, isObjectFormat, type ObjectFormat } from '../cluster/object-output.ts';
import type { ClusterSession } from '../cluster/session.ts';
import { JOB_RESOURCE, type StoredJob } from '../cluster/wire.ts';
import type { Terminal } from '../cluster/session.ts';
import { processTerminal } from '../cluster/terminal.ts';
import {
  isOverOrGone,
  isRunPath,
  localRuns,
  phaseOfRun,
  runDetails,
  runTable,
  type LocalRunState,
} from '../local/run-status.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { clusterCommand, onChosenCluster, type ClusterFlags } from './cluster-options.ts';

export interface StatusFlags extends ClusterFlags {
  readonly output?: 'wide' | ObjectFormat;
  readonly watch?: true;
  readonly allNamespaces?: true;
}

export function registerStatus(program: Command): void {
  const name = program.name();
  clusterCommand(program, 'status')
    .alias('list')
    .summary('show jobs of the cluster, or runs on this machine')
    .description(
      'Without a name, a line for each job. With one: progress, replicas, memory,\n' +
        'checkpoint, digest of the parameters and conditions. --watch goes on showing;\n' +
        'of one job until it has ended, with the exit code of its end.\n' +
        'With the output directory of `wsi run`, or one that holds several, what is known of\n' +
        'these runs: progress, time left, and whether a process of theirs is still there.',
    )
    .argument('[jobs...]', 'name of a job of the cluster; or directories of runs on this machine')
    .option('-w, --watch', 'go on showing as it changes')
    .option('-A, --all-namespaces', 'jobs of all namespaces')
    .addOption(
      new Option('-o, --output <format>', 'wide: more columns; json, yaml, name: for programs').choices([
        'wide',
        'json',
        'yaml',
        'name',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  ${name} status
  ${name} status -A -o wide --watch
  ${name} status demo --watch
  ${name} status runs/run1              a run on this machine
  ${name} status demo -o json | jq -r .status.parametersSha256`,
    )
    .action(async (jobs: string[], flags: StatusFlags) => {
      if (jobs.length > 0 && jobs.every((job) => isRunPath(job, flags))) {
        process.exitCode = await localStatus(jobs, flags, processTerminal);
        return;
      }
      if (jobs.length > 1) {
        throw new WsiError(
          'InvalidArgument',
          'one job of the cluster at a time can be shown, or any number of runs',
          {
            where: jobs.join(' '),
          },
        );
      }
      await onChosenCluster(program, flags, async (session) => status(session, jobs[0], flags));
    });
}

/** Runs on this machine. Returns the exit code. */
export async function localStatus(
  directories: readonly string[],
  flags: Pick<StatusFlags, 'output' | 'watch'>,
  terminal: Pick<Terminal, 'out' | 'columns' | 'clock' | 'interrupts' | 'display'>,
): Promise<number> {
  const read = async (): Promise<LocalRunState[]> => (await Promise.all(directories.map(localRuns))).flat();
  const runs = await read();
  const [only] = runs;
  const { output } = flags;
  if (isObjectFormat(output)) {
    const objects = runs.map(({ name, directory, status: of }) => ({ name, directory, status: of }));
    const whole = objects.length === 1 ? objects[0] : objects;
    const names = objects.map(({ directory }) => `${directory}\n`).join('');
    terminal.out(
      output === 'name'
        ? names
        : output === 'yaml'
          ? dump(whole)
          : `${JSON.stringify(whole, undefined, 2)}\n`,
    );
  } else if (runs.length === 1 && only !== undefined) {
    terminal.out(runDetails(only, { columns: terminal.columns, now: terminal.clock.now() }));
  } else {
    terminal.out(runTable(runs, terminal.clock.now()));
  }
  return flags.watch === true && only !== undefined && runs.length === 1
    ? watchRun(only.directory, terminal)
    : EXIT_CODES.done;
}

const WATCH_MILLISECONDS = 1_000;

/** Until the run has ended or its process is gone. */
async function watchRun(
  directory: string,
  { clock, display: makeDisplay, interrupts: watch }: Pick<Terminal, 'clock' | 'interrupts' | 'display'>,
): Promise<number> {
  const display = makeDisplay();
  const interrupts = watch(() => undefined);
  try {
    for (;;) {
      const [run] = await localRuns(directory);
      if (run === undefined || isOverOrGone(run)) {
        return run !== undefined && phaseOfRun(run) === 'Succeeded' ? EXIT_CODES.done : EXIT_CODES.failed;
      }
      display.status(run.status);
      await clock.sleep(WATCH_MILLISECONDS, interrupts.stop).catch(() => undefined);
      if (interrupts.stop.aborted) return interrupts.exitCode;
    }
  } finally {
    display.stop();
    interrupts.close();
  }
}

/** Returns the exit code. */
export async function status(
  session: ClusterSession,
  name: string | undefined,
  flags: StatusFlags,
): Promise<number> {
  if (name !== undefined) return oneJob(session, name, flags);
  const namespace = flags.allNamespaces === true ? undefined : session.namespace;
  // A first list also when watching: a list that is forbidden is reported, not retried for ever.
  const { items } = await session.client.list<StoredJob>(JOB_RESOURCE, { namespace });
  if (flags.watch === true) {
    const { watchJobs } = await import('../cluster/watch-jobs.ts');
    return watchJobs(session, { namespace, format: flags.output });
  }
  showJobs(session, items, flags);
  return EXIT_CODES.done;
}

function showJobs(
  { terminal, namespace }: ClusterSession,
  jobs: readonly StoredJob[],
  flags: StatusFlags,
): void {
  const { output, allNamespaces } = flags;
  if (isObjectFormat(output)) {
    terminal.data(formatObjects(jobs, output, true));
    return;
  }
  if (jobs.length === 0) {
    terminal.note(
      `There are no jobs in ${allNamespaces === true ? 'the cluster' : `the namespace ${namespace}`}.`,
    );
    return;
  }
  const options = {
    wide: output === 'wide',
    allNamespaces: allNamespaces === true,
    now: terminal.clock.now(),
  };
  terminal.out(jobTable(jobs, options));
}

async function oneJob(session: ClusterSession, name: string, flags: StatusFlags): Promise<number> {
  const { requireJob } = await import('../cluster/jobs.ts');
  const job = await requireJob(session, name);
  const { terminal } = session;
  if (isObjectFormat(flags.output)) {
    terminal.data(formatObjects([job], flags.output, false));
    if (flags.watch !== true) return EXIT_CODES.done;
  } else {
    terminal.out(jobDetails(job, { columns: terminal.columns, now: terminal.clock.now() }));
  }
  if (flags.watch !== true) return EXIT_CODES.done;
  const { followJob } = await import('../cluster/follow.ts');
  return followJob(session, name, { uid: job.metadata.uid, progress: true, throughSuspension: true });
}
