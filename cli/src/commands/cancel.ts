/** `wsi cancel`: stop a job with a checkpoint, and delete it. */
import type { Command } from 'commander';
import { checkpointPlace } from '../cluster/checkpoint-place.ts';
import { isOver } from '../cluster/job-table.ts';
import type { ClusterSession } from '../cluster/session.ts';
import { JOB_RESOURCE, type StoredJob } from '../cluster/wire.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { clusterCommand, duration, onChosenCluster, type ClusterFlags } from './cluster-options.ts';

export interface CancelFlags extends ClusterFlags {
  readonly now?: true;
  readonly yes?: true;
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 300;

export function registerCancel(program: Command): void {
  clusterCommand(program, 'cancel')
    .summary('stop a job with a checkpoint, and delete it')
    .description(
      'Suspends the job, which writes a checkpoint, waits until it is suspended,\n' +
        'deletes it, and says where the checkpoint stays. --now deletes at once: steps\n' +
        'after the last checkpoint are lost. A job that has ended already is left as it\n' +
        'is, unless --now is given. On a terminal it asks first.',
    )
    .argument('<job>', 'name of the job')
    .option('--now', 'delete at once')
    .option('-y, --yes', 'do not ask')
    .option('--timeout <duration>', 'wait so long for the suspension', duration, DEFAULT_TIMEOUT)
    .action(async (job: string, flags: CancelFlags) =>
      onChosenCluster(program, flags, async (session) => cancel(session, job, flags)),
    );
}

/** Returns the exit code. */
export async function cancel(session: ClusterSession, name: string, flags: CancelFlags): Promise<number> {
  const { requireJob } = await import('../cluster/jobs.ts');
  const { terminal, program, where } = session;
  const job = await requireJob(session, name);
  if (isOver(job) && flags.now !== true) {
    terminal.out(`${name} has ended already (${job.status?.phase ?? ''}); --now deletes it.\n`);
    return EXIT_CODES.done;
  }
  if (flags.yes !== true && (await terminal.confirm(question(job, flags))) === false) {
    terminal.note('Nothing was done.');
    return EXIT_CODES.done;
  }
  if (flags.now === true) return remove(session, job);
  const suspended = await suspendAndWait(session, job, flags.timeout ?? DEFAULT_TIMEOUT);
  if (typeof suspended === 'number') return suspended;
  if (!isOver(suspended)) return remove(session, suspended);
  terminal.out(`${name} has ended meanwhile (${suspended.status?.phase ?? ''}) and is left as it is.\n`);
  terminal.note(`Delete it with: ${program} cancel ${name} --now${where}`);
  return EXIT_CODES.done;
}

function question(job: StoredJob, { now }: CancelFlags): string {
  const { name, namespace = 'default' } = job.metadata;
  const how = now === true ? 'Delete it at once' : 'Stop it with a checkpoint and delete it';
  const { text, stays } = checkpointPlace(job);
  return `${name} in namespace ${namespace} is ${job.status?.phase ?? 'Pending'}. ${stays ? '' : `${text} `}${how}?`;
}

/** The job when it is suspended or has ended; an exit code when it did neither. */
async function suspendAndWait(
  session: ClusterSession,
  job: StoredJob,
  timeoutSeconds: number,
): Promise<StoredJob | number> {
  const { waitForJob } = await import('../cluster/jobs.ts');
  const { isSuspended } = await import('../cluster/follow.ts');
  const { client, namespace, terminal, program, where } = session;
  const { name, uid } = job.metadata;
  await client.patch(JOB_RESOURCE, name, namespace, { spec: { suspend: true } });
  const display = terminal.display();
  const interrupts = terminal.interrupts(() => undefined);
  try {
    display.say(`${name}: stopping with a checkpoint ...`);
    const waited = await waitForJob(session, name, {
      uid,
      timeoutSeconds,
      signal: interrupts.stop,
      say: (line) => display.say(line),
      done: (now) => isSuspended(now) || isOver(now),
    });
    display.stop();
    if (waited.reason === 'done') return waited.job;
    if (waited.reason === 'deleted') {
      terminal.out(`${name} is deleted.\n`);
      return EXIT_CODES.done;
    }
    const why =
      waited.reason === 'timeout' ? `is not suspended after ${timeoutSeconds} s` : 'is being suspended';
    terminal.out(`${name} ${why}; it was not deleted.\n`);
    terminal.note(
      `Go on with: ${program} cancel ${name}${where}, or take it back: ${program} resume ${name}${where}`,
    );
    return waited.reason === 'timeout' ? EXIT_CODES.unavailable : interrupts.exitCode;
  } finally {
    display.stop();
    interrupts.close();
  }
}

async function remove({ client, namespace, terminal }: ClusterSession, job: StoredJob): Promise<number> {
  const { name, uid } = job.metadata;
  const deleted = await client.delete(JOB_RESOURCE, name, namespace, {
    uid,
    propagationPolicy: 'Background',
  });
  terminal.out(deleted ? `${name} is deleted.\n` : `${name} was deleted already.\n`);
  terminal.out(`${checkpointPlace(job).text}\n`);
  return EXIT_CODES.done;
}
