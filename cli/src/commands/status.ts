/** `wsi status`: the jobs of a namespace, or one of them, once or live. */
import { type Command, Option } from 'commander';
import { jobDetails } from '../cluster/job-details.ts';
import { jobTable } from '../cluster/job-table.ts';
import { formatObjects, isObjectFormat, type ObjectFormat } from '../cluster/object-output.ts';
import type { ClusterSession } from '../cluster/session.ts';
import { JOB_RESOURCE, type StoredJob } from '../cluster/wire.ts';
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
    .summary('show jobs of the cluster, or one of them')
    .description(
      'Without a name, a line for each job. With one: progress, replicas, memory,\n' +
        'checkpoint, digest of the parameters and conditions. --watch goes on showing;\n' +
        'of one job until it has ended, with the exit code of its end.',
    )
    .argument('[job]', 'name of a job')
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
  ${name} status demo -o json | jq -r .status.parametersSha256`,
    )
    .action(async (job: string | undefined, flags: StatusFlags) =>
      onChosenCluster(program, flags, async (session) => status(session, job, flags)),
    );
}

/** Returns the exit code. */
export async function status(
  session: ClusterSession,
  name: string | undefined,
  flags: StatusFlags,
): Promise<number> {
  if (name !== undefined) return oneJob(session, name, flags);
  const namespace = flags.allNamespaces === true ? undefined : session.namespace;
  // A first list also when watching: what may not be listed is told, and not tried again for ever.
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
    terminal.out(formatObjects(jobs, output, true));
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
    terminal.out(formatObjects([job], flags.output, false));
    if (flags.watch !== true) return EXIT_CODES.done;
  } else {
    terminal.out(jobDetails(job, { columns: terminal.columns, now: terminal.clock.now() }));
  }
  if (flags.watch !== true) return EXIT_CODES.done;
  const { followJob } = await import('../cluster/follow.ts');
  return followJob(session, name, { uid: job.metadata.uid, progress: true, throughSuspension: true });
}
