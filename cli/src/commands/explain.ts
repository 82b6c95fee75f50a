/** `wsi explain`: the performance model of a job, what was decided from it, and what other sizes would bring. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { systemErrorCode, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { readRunSizes } from '@wsi-operator/operator';
import type { ClusterSession } from '../cluster/session.ts';
import { isRunPath } from '../local/run-status.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { explanation, type ExplainedJob } from '../sizes/explanation.ts';
import { explanationText } from '../sizes/explanation-text.ts';
import { clusterCommand, onChosenCluster, type ClusterFlags } from './cluster-options.ts';
import { standardOutput } from '../terminal/streams.ts';

const EXAMPLES = `
Examples:
  wsi explain lung -n lab          a job of a cluster
  wsi explain run1                 a run on this machine: the directory of wsi run --output
  wsi explain run1 --servers 1 2 4 --json`;

export interface ExplainFlags {
  readonly servers?: readonly number[];
  readonly json?: true;
}

export function registerExplain(program: Command): void {
  clusterCommand(program, 'explain')
    .summary('explain the size of a job, and what other sizes would bring')
    .description(
      'The performance model of a job (coefficients with their uncertainty), the size that\n' +
        'was chosen and why, and a table of other sizes: throughput with its 90% interval,\n' +
        'efficiency, what most of a step goes to, cost, time left.\n' +
        'All of it was measured by this job, or by your own earlier runs like it, and holds\n' +
        'for the machine (of a cluster: the nodes) that it ran on. Models of other users, or\n' +
        'of other namespaces, are not used.',
    )
    .argument('<job>', 'name of a job of the cluster, or the output directory of a run')
    .option('--servers <count...>', 'also with so many parameter servers', counts)
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (job: string, flags: ExplainFlags & ClusterFlags) => {
      if (isRunPath(job, flags)) {
        standardOutput.write(explanationOutput(await localRun(resolve(job)), flags, Date.now()));
        return;
      }
      await onChosenCluster(program, flags, async (session) => explainJob(session, job, flags));
    });
}

/** Returns the exit code. */
export async function explainJob(
  session: ClusterSession,
  name: string,
  flags: ExplainFlags,
): Promise<number> {
  const { requireJob } = await import('../cluster/jobs.ts');
  const { terminal } = session;
  const { spec, status } = await requireJob(session, name);
  terminal.out(explanationOutput({ name, spec, status }, flags, terminal.clock.now()));
  return EXIT_CODES.done;
}

/** @throws WsiError NotFound when the directory holds no run */
export async function localRun(output: string): Promise<ExplainedJob> {
  const { name, sizes, machine } = await readRunSizes(output);
  try {
    const status = JSON.parse(await readFile(join(output, 'status.json'), 'utf8')) as WsiTrainingJobStatus;
    return { name, spec: sizes, status, machine };
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw WsiError.from(error, 'StorageFailed', { where: output });
    return { name, spec: sizes, machine };
  }
}

function explanationOutput(job: ExplainedJob, { servers = [], json }: ExplainFlags, now: number): string {
  const whole = explanation(job, servers, now);
  return json === true ? `${JSON.stringify(whole, null, 2)}\n` : explanationText(whole);
}

function counts(text: string, before: readonly number[] = []): number[] {
  return [...before, wholeNumber({ least: 1, most: 64 })(text)];
}
