/** Live progress of a job in a cluster until its end: the display of `wsi run`. */
import { findCondition } from '@wsi-operator/api';
import { EXIT_CODES } from '../exit-codes.ts';
import { formatMetric } from '../progress/view.ts';
import { isOver } from './job-table.ts';
import { waitForJob, type Waited } from './jobs.ts';
import { outputClaim } from './storage.ts';
import { noteworthyChanges } from './status-changes.ts';
import type { ClusterSession } from './session.ts';
import type { StoredJob } from './wire.ts';

export interface FollowOptions {
  readonly uid: string | undefined;
  /** False: only what stays, no moving lines. */
  readonly progress: boolean;
  /** A suspended job is waited for, not taken for the end. */
  readonly throughSuspension?: boolean;
  readonly timeoutSeconds?: number | undefined;
}

/** Until the job has ended, is suspended or is gone. Ctrl-C stops following, not the job. Returns the exit code. */
export async function followJob(
  session: ClusterSession,
  name: string,
  options: FollowOptions,
): Promise<number> {
  const { terminal } = session;
  const display = terminal.display();
  const interrupts = terminal.interrupts(() => undefined);
  const suspension = options.throughSuspension !== true;
  try {
    const waited = await waitForJob(session, name, {
      uid: options.uid,
      signal: interrupts.stop,
      timeoutSeconds: options.timeoutSeconds,
      say: (line) => display.say(line),
      done: (job) => isOver(job) || (suspension && isSuspended(job)),
      onJob: (job, before) => {
        for (const line of noteworthyChanges(before?.status ?? {}, job.status ?? {})) display.say(line);
        if (options.progress) display.status(job.status ?? {});
      },
    });
    display.stop();
    return conclude(session, name, waited, { interrupted: interrupts.exitCode, ...options });
  } finally {
    display.stop();
    interrupts.close();
  }
}

export function isSuspended(job: StoredJob): boolean {
  return job.status?.phase === 'Suspended';
}

function conclude(
  session: ClusterSession,
  name: string,
  waited: Waited,
  {
    interrupted,
    timeoutSeconds,
  }: { readonly interrupted: number; readonly timeoutSeconds?: number | undefined },
): number {
  const { terminal, program, where } = session;
  const print = (line: string): void => terminal.out(`${line}\n`);
  const watchHint = `Watch it with:\n  ${program} status ${name} --watch${where}`;
  switch (waited.reason) {
    case 'deleted':
      print(`The job ${name} was deleted.`);
      return EXIT_CODES.failed;
    case 'timeout':
      print(`The job ${name} has not ended within ${timeoutSeconds ?? 0} s; it goes on. ${watchHint}`);
      return EXIT_CODES.unavailable;
    case 'interrupted':
      print(`The job ${name} goes on. ${watchHint}`);
      return interrupted;
    case 'done':
      if (!isSuspended(waited.job)) return concludeJob(session, waited.job);
      print(`The job ${name} is suspended. Continue with:\n  ${program} resume ${name}${where}`);
      return EXIT_CODES.unavailable;
  }
}

/** Says how a job that is over has ended. Returns the exit code. */
export function concludeJob(session: ClusterSession, job: StoredJob): number {
  const lines = job.status?.phase === 'Succeeded' ? success(job) : failure(session, job);
  session.terminal.out(lines.map((line) => `${line}\n`).join(''));
  return endCode(job);
}

/** As `wsi run` ends: 64 for a wrong input, 74 when something could not be written, 1 for any other failure. */
export function endCode(job: StoredJob): number {
  if (job.status?.phase === 'Succeeded') return EXIT_CODES.done;
  if (findCondition(job.status?.conditions, 'Failed')?.reason === 'InputInvalid') return EXIT_CODES.input;
  const storage = job.status?.failures?.some((end) => end.reason === 'storage' && end.counted > 0);
  return storage === true ? EXIT_CODES.storage : EXIT_CODES.failed;
}

function success(job: StoredJob): string[] {
  const { progress, metrics = {}, parametersSha256 } = job.status ?? {};
  const shown = Object.entries(metrics).map(([metric, value]) => `${metric} ${formatMetric(value)}`);
  const claim = outputClaim(job);
  return [
    `The job ${job.metadata.name} succeeded${progress?.steps === undefined ? '' : ` after ${progress.steps} steps`}.`,
    ...(shown.length > 0 ? [shown.join('  ')] : []),
    ...(parametersSha256 === undefined ? [] : [`parameters sha256 ${parametersSha256}`]),
    ...(claim === undefined ? [] : [`output: PersistentVolumeClaim ${claim.name}`]),
  ];
}

function failure({ program, where }: ClusterSession, job: StoredJob): string[] {
  const failed = findCondition(job.status?.conditions, 'Failed');
  return [
    `The job ${job.metadata.name} failed (${failed?.reason ?? 'unknown'}): ${failed?.message ?? ''}`,
    `More: ${program} describe ${job.metadata.name}${where}`,
  ];
}
