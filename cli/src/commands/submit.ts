/** `wsi submit`: a job to the cluster. */
import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatManifest, formatProblem, unusedDevices } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { pathWarnings } from '../cluster/path-warnings.ts';
import { formatChange } from '../cluster/spec-changes.ts';
import type { ClusterSession } from '../cluster/session.ts';
import type { Submission, Submitted } from '../cluster/submission.ts';
import { EXIT_CODES, EXIT_CODES_HELP } from '../exit-codes.ts';
import { manifestName, manifestText } from '../manifest-file.ts';
import { clusterCommand, collect, duration, onChosenCluster, type ClusterFlags } from './cluster-options.ts';
import { noteLine, writeData } from '../terminal/streams.ts';

const DESCRIPTION = `Checks a WsiTrainingJob as \`validate\` does, then creates it in the cluster. A job
of the same name and spec is left as it is; one with another spec is refused with
what differs, unless --replace is given: that changes a job which has not ended, as
far as the API server allows, and runs an ended one again.`;

export interface SubmitFlags extends ClusterFlags {
  readonly set?: readonly string[];
  readonly name?: string;
  readonly dryRun?: 'client' | 'server';
  readonly replace?: true;
  readonly wait?: true;
  readonly follow?: true;
  readonly timeout?: number;
}

export function registerSubmit(program: Command): void {
  const name = program.name();
  clusterCommand(program, 'submit')
    .summary('create a job in the cluster')
    .description(DESCRIPTION)
    .argument('<job.yaml>', 'manifest with one WsiTrainingJob; - for standard input')
    .option('--set <path=value>', 'change a field of the spec first; repeatable', collect)
    .option('--name <name>', 'name of the job, in place of the one in the manifest', jobName)
    .addOption(
      new Option(
        '--dry-run <where>',
        'client: print what would be sent; server: have it checked there, too',
      ).choices(['client', 'server']),
    )
    .option('--replace', 'change a job of the same name, or run it again')
    .option('--wait', 'wait for the end, with its exit code')
    .option('-f, --follow', 'the same with live progress; Ctrl-C stops following, not the job')
    .option('--timeout <duration>', 'wait so long at most, such as 90m', duration)
    .addHelpText(
      'after',
      `
Examples:
  ${name} submit job.yaml --follow
  ${name} submit job.yaml --name fold-1 --set cohort.split.fold=1 -n lab
  helm template chart | ${name} submit - --dry-run server

${EXIT_CODES_HELP}`,
    )
    .action(async (file: string, flags: SubmitFlags) => {
      if (flags.timeout !== undefined && flags.wait !== true && flags.follow !== true) {
        throw new WsiError('InvalidArgument', '--timeout is only for --wait and --follow');
      }
      const { readSubmission } = await import('../cluster/submission.ts');
      // The manifest's faults are reported first, with or without a cluster.
      const submission = readSubmission(await manifestText(file), manifestName(file), overridesOf(flags));
      if (flags.dryRun === 'client') {
        warn(submission, noteLine);
        writeData(formatManifest(submission.manifest));
        return;
      }
      await onChosenCluster(program, flags, async (session) => submit(session, submission, flags));
    });
}

function jobName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must not be empty.');
  return text;
}

function overridesOf({ set = [], name }: SubmitFlags): string[] {
  return [...set, ...(name === undefined ? [] : [`metadata.name=${JSON.stringify(name)}`])];
}

/** Returns the exit code. */
export async function submit(
  session: ClusterSession,
  submission: Submission,
  flags: SubmitFlags,
): Promise<number> {
  const { inNamespace, submitJob } = await import('../cluster/submission.ts');
  const placed = inNamespace(submission, flags.namespace, session.namespace);
  const there = { ...session, namespace: placed.manifest.metadata.namespace ?? session.namespace };
  const own = submission.manifest.metadata.namespace;
  // The commands suggested afterwards must find the job.
  const where =
    flags.namespace === undefined && own !== undefined ? ` -n ${own}${session.where}` : session.where;
  const next = { ...there, where };
  warn(placed, (line) => session.terminal.note(line));
  const dryRun = flags.dryRun === 'server';
  const submitted = await submitJob(next, placed, { replace: flags.replace === true, dryRun });
  printSubmitted(next, submitted, dryRun);
  if (dryRun) return EXIT_CODES.done;
  if (flags.wait !== true && flags.follow !== true) {
    printNextCommands(next, submitted.job.metadata.name);
    return EXIT_CODES.done;
  }
  const { followJob } = await import('../cluster/follow.ts');
  const { name, uid } = submitted.job.metadata;
  return followJob(next, name, { uid, progress: flags.follow === true, timeoutSeconds: flags.timeout });
}

function warn({ job }: Submission, note: (line: string) => void): void {
  const unused = unusedDevices(job).map((problem) => formatProblem(problem));
  for (const warning of [...pathWarnings(job, existsSync), ...unused]) note(`Warning: ${warning}`);
}

function printSubmitted(
  { terminal, namespace }: ClusterSession,
  submitted: Submitted,
  dryRun: boolean,
): void {
  const { job, done, changes } = submitted;
  const words = {
    created: 'created',
    unchanged: 'is there already, with this spec',
    replaced: 'changed',
    recreated: 'run again',
  };
  const phase = done === 'unchanged' ? ` (${job.status?.phase ?? 'Pending'})` : '';
  const dry = dryRun ? ' (dry run: nothing was stored)' : '';
  terminal.out(`${job.metadata.name} ${words[done]}${phase} in namespace ${namespace}${dry}\n`);
  for (const change of changes) terminal.out(`  ${formatChange(change)}\n`);
}

function printNextCommands({ terminal, program, where }: ClusterSession, name: string): void {
  terminal.note(`Watch:     ${program} status ${name} --watch${where}`);
  terminal.note(`Logs:      ${program} logs ${name} -f${where}`);
  terminal.note(`Stop:      ${program} suspend ${name}${where}   (or cancel)`);
}
