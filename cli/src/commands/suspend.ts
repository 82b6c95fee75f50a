/** `wsi suspend`, `wsi resume`, `wsi scale`: changes of a job that runs. */
import type { Command } from 'commander';
import { WsiError } from '@wsi-operator/foundation';
import { count } from '@wsi-operator/statistics';
import { isOver } from '../cluster/job-table.ts';
import type { ClusterSession } from '../cluster/session.ts';
import { JOB_RESOURCE, type StoredJob } from '../cluster/wire.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  clusterCommand,
  duration,
  onChosenCluster,
  clusterCount,
  type ClusterFlags,
} from './cluster-options.ts';

export interface SuspendFlags extends ClusterFlags {
  readonly wait?: true;
  readonly timeout?: number;
}

export interface ScaleFlags extends ClusterFlags {
  readonly workers?: number;
  readonly servers?: number;
}

export function registerSuspend(program: Command): void {
  clusterCommand(program, 'suspend')
    .summary('stop a job with a checkpoint; it keeps its place')
    .description('Stops every pod of the job after a checkpoint. `resume` continues from there.')
    .argument('<job>', 'name of the job')
    .option('--wait', 'wait until it is suspended')
    .option('--timeout <duration>', 'wait so long at most', duration)
    .action(async (job: string, flags: SuspendFlags) =>
      onChosenCluster(program, flags, async (session) => suspend(session, job, flags)),
    );
  clusterCommand(program, 'resume')
    .summary('continue a suspended job')
    .argument('<job>', 'name of the job')
    .action(async (job: string, flags: ClusterFlags) =>
      onChosenCluster(program, flags, async (session) => resume(session, job)),
    );
  clusterCommand(program, 'scale')
    .summary('change the number of workers of a job')
    .description(
      'The result does not depend on the number of workers, to the last bit. The\n' +
        'number of servers can change only while the job is suspended.',
    )
    .argument('<job>', 'name of the job')
    .option('-w, --workers <n>', 'number of workers', clusterCount)
    .option('-s, --servers <n>', 'number of parameter servers', clusterCount)
    .action(async (job: string, flags: ScaleFlags) =>
      onChosenCluster(program, flags, async (session) => scale(session, job, flags)),
    );
}

/** Returns the exit code. */
export async function suspend(session: ClusterSession, name: string, flags: SuspendFlags): Promise<number> {
  const { terminal, program, where } = session;
  const job = await patched(session, name, { suspend: true });
  if (flags.wait !== true) {
    terminal.out(`${name} is being suspended.\n`);
    return EXIT_CODES.done;
  }
  const { waitForJob } = await import('../cluster/jobs.ts');
  const { endCode, isSuspended } = await import('../cluster/follow.ts');
  const interrupts = terminal.interrupts(() => undefined);
  try {
    const waited = await waitForJob(session, name, {
      uid: job.metadata.uid,
      signal: interrupts.stop,
      timeoutSeconds: flags.timeout,
      say: (line) => terminal.note(line),
      done: (now) => isSuspended(now) || isOver(now),
    });
    if (waited.reason !== 'done') {
      terminal.out(`${name} is not suspended yet (${waited.reason}).\n`);
      return waited.reason === 'interrupted' ? interrupts.exitCode : EXIT_CODES.unavailable;
    }
    if (!isSuspended(waited.job)) {
      terminal.out(`${name} has ended meanwhile (${waited.job.status?.phase ?? ''}).\n`);
      return endCode(waited.job);
    }
    terminal.out(`${name} is suspended. Continue with:\n  ${program} resume ${name}${where}\n`);
    return EXIT_CODES.done;
  } finally {
    interrupts.close();
  }
}

export async function resume(session: ClusterSession, name: string): Promise<number> {
  await patched(session, name, { suspend: false });
  session.terminal.out(`${name} continues.\n`);
  session.terminal.note(`Watch:     ${session.program} status ${name} --watch${session.where}`);
  return EXIT_CODES.done;
}

export async function scale(session: ClusterSession, name: string, flags: ScaleFlags): Promise<number> {
  const { workers, servers } = flags;
  if (workers === undefined && servers === undefined) {
    throw new WsiError('InvalidArgument', 'nothing to change', { remedy: 'Give --workers or --servers.' });
  }
  const job = await patched(session, name, {
    ...(workers === undefined ? {} : { workers: { replicas: workers } }),
    ...(servers === undefined ? {} : { parameterServers: { replicas: servers } }),
  });
  const { spec } = job;
  session.terminal.out(
    `${name}: ${count(spec.workers.replicas, 'worker')}, ${count(spec.parameterServers.replicas, 'parameter server')}\n`,
  );
  return EXIT_CODES.done;
}

/** The job after a change of its spec. One that has ended is not changed: it would only mislead. */
async function patched(session: ClusterSession, name: string, spec: object): Promise<StoredJob> {
  const { completed, requireJob } = await import('../cluster/jobs.ts');
  const job = await requireJob(session, name);
  if (isOver(job)) {
    throw new WsiError('InvalidArgument', `the job "${name}" has ended already (${job.status?.phase ?? ''})`);
  }
  const { client, namespace } = session;
  return completed(await client.patch<StoredJob>(JOB_RESOURCE, name, namespace, { spec }));
}
