/** `wsi results`: the results of a job, from its output claim to this machine. */
import type { Command } from 'commander';
import type { ClusterSession } from '../cluster/session.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { clusterCommand, onChosenCluster, type ClusterFlags } from './cluster-options.ts';

export interface ResultsFlags extends ClusterFlags {
  readonly output?: string;
  readonly all?: true;
  readonly image?: string;
}

export function registerResults(program: Command): void {
  const name = program.name();
  clusterCommand(program, 'results')
    .summary('fetch the results of a job from its output claim')
    .description(
      'Report, result, predictions, metrics and heatmaps are copied from the output claim.\n' +
        'A pod that mounts the claim read-only serves them through the API server, and is\n' +
        'deleted afterwards (after an hour in any case). You need the rights to create, get\n' +
        'and delete pods, and to get pods/proxy; the roles edit and admin have them.',
    )
    .argument('<job>', 'name of the job')
    .option('-o, --output <dir>', "directory, made when missing; by default the job's name")
    .option('--all', 'also checkpoints, logs and the surveyed tiles')
    .option('--image <image>', "image of the reading pod, by default that of the job's pods")
    .addHelpText(
      'after',
      `
Examples:
  ${name} results demo --output run1
  ${name} results demo --all --image registry.example.org/wsi-operator/trainer:0.1.0`,
    )
    .action(async (job: string, flags: ResultsFlags) =>
      onChosenCluster(program, flags, async (session) => results(session, job, flags)),
    );
}

/** Returns the exit code. */
export async function results(session: ClusterSession, job: string, flags: ResultsFlags): Promise<number> {
  const { downloadResults } = await import('../cluster/download-results.ts');
  const directory = flags.output ?? job;
  const files = await downloadResults(session, job, {
    directory,
    all: flags.all === true,
    image: flags.image,
  });
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { formatBytes } = await import('../progress/view.ts');
  session.terminal.out(`${files.length} files, ${formatBytes(bytes)}, in ${directory}\n`);
  return EXIT_CODES.done;
}
