/** `wsi logs`: what the pods of a job say. */
import { type Command, Option } from 'commander';
import { ROLES, type Role } from '@wsi-operator/api';
import { shortAge } from '../cluster/ages.ts';
import type { LogChoice } from '../cluster/logs.ts';
import type { ClusterSession } from '../cluster/session.ts';
import type { StoredJob } from '../cluster/wire.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  clusterCommand,
  duration,
  onChosenCluster,
  clusterCount,
  type ClusterFlags,
} from './cluster-options.ts';

export interface LogFlags extends ClusterFlags {
  readonly role?: Role;
  readonly replica?: number;
  readonly follow?: true;
  readonly tail?: number;
  readonly since?: number;
  readonly previous?: true;
  readonly raw?: true;
}

export function registerLogs(program: Command): void {
  const name = program.name();
  clusterCommand(program, 'logs')
    .summary('show what the pods of a job say')
    .description(
      'The logs of all pods of a job, in the order of time, each line with its pod.\n' +
        'Structured lines are shown as time, level, message and fields; --raw shows them\n' +
        'as they are. --follow goes on until the job has ended, also with pods that\n' +
        'replace others.',
    )
    .argument('<job>', 'name of the job')
    .addOption(new Option('--role <role>', 'pods of this role only').choices(ROLES))
    .option('--replica <n>', 'the pod with this number only, from 0', clusterCount)
    .option('-f, --follow', 'go on showing what they say')
    .option('--tail <n>', 'of each pod the last lines only', clusterCount)
    .option('--since <duration>', 'not older than this, such as 10m', duration)
    .option('-p, --previous', 'the last words of pods that have ended and were replaced')
    .option('--raw', 'lines as the processes wrote them')
    .addHelpText(
      'after',
      `
Examples:
  ${name} logs demo -f
  ${name} logs demo --role worker --replica 0 --tail 100
  ${name} logs demo --role coordinator --raw | jq .message`,
    )
    .action(async (job: string, flags: LogFlags) =>
      onChosenCluster(program, flags, async (session) => logs(session, job, flags)),
    );
}

/** Returns the exit code. */
export async function logs(session: ClusterSession, name: string, flags: LogFlags): Promise<number> {
  const { requireJob } = await import('../cluster/jobs.ts');
  const { isChosen, podsOf, showLogs } = await import('../cluster/logs.ts');
  const job = await requireJob(session, name);
  const choice: LogChoice = {
    role: flags.role,
    replica: flags.replica,
    tailLines: flags.tail,
    sinceSeconds: flags.since,
    previous: flags.previous === true,
    raw: flags.raw === true,
  };
  // Also before following: a list that is forbidden is reported, not retried for ever.
  const pods = (await podsOf(session, name)).filter((pod) => isChosen(pod, choice));
  if (flags.follow === true && !choice.previous) return follow(session, job, choice);
  if (choice.previous) printLastWords(session, job, choice);
  else if (pods.length === 0) printNoPods(session, job, choice);
  await showLogs(session, pods, choice);
  return EXIT_CODES.done;
}

async function follow(session: ClusterSession, job: StoredJob, choice: LogChoice): Promise<number> {
  const { followLogs } = await import('../cluster/follow-logs.ts');
  const interrupts = session.terminal.interrupts(() => undefined);
  try {
    const { name, uid } = job.metadata;
    await followLogs(session, { name, uid }, choice, interrupts.stop);
    return interrupts.stop.aborted ? interrupts.exitCode : EXIT_CODES.done;
  } finally {
    interrupts.close();
  }
}

function printNoPods({ terminal, program, where }: ClusterSession, job: StoredJob, choice: LogChoice): void {
  const which = [choice.role, choice.replica].filter((part) => part !== undefined).join('-');
  const pods = which === '' ? 'pods' : `pod ${which}`;
  const { name } = job.metadata;
  terminal.note(
    `${name} has no ${pods} now (${job.status?.phase ?? 'Pending'}). Why: ${program} describe ${name}${where}`,
  );
}

/** The logs of pods go with them; the operator keeps what they said last. */
function printLastWords({ terminal }: ClusterSession, job: StoredJob, { role, replica }: LogChoice): void {
  const { name } = job.metadata;
  const chosen = (job.status?.failures ?? []).filter(({ pod }) => {
    const [, ofRole, number] = /-(coordinator|server|worker)-(\d+)$/.exec(pod) ?? [];
    return (role === undefined || ofRole === role) && (replica === undefined || Number(number) === replica);
  });
  if (chosen.length === 0) terminal.note(`No such pod of ${name} has ended before its time.`);
  for (const end of chosen) {
    const code = end.exitCode === undefined ? '' : `, exit code ${end.exitCode}`;
    const since = shortAge(end.time, terminal.clock.now());
    terminal.out(
      `${end.pod.slice(name.length + 1)} ended ${since} ago (${end.reason}${code}): ${end.message}\n`,
    );
  }
}
