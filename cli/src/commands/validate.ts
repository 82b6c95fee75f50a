/** `wsi validate`: every fault of a job's manifest at once, before anything is started. */
import type { Command } from 'commander';
import { checkManifest, formatManifest, formatProblem } from '@wsi/api';
import { WsiError } from '@wsi/foundation';
import { manifestName, manifestText } from '../manifest-file.ts';

/** EX_USAGE of sysexits.h: the input is wrong. */
const INPUT_IS_WRONG = 64;

const EXAMPLES = `
Examples:
  wsi validate job.yaml
  wsi validate job.yaml --set training.epochs=3 --set patches.mpp=0.5
  wsi validate job.yaml --print-defaults
  helm template chart | wsi validate -

Exit status: 0 when the job is valid, 64 when it is not.`;

export interface ValidateFlags {
  readonly set?: readonly string[];
  readonly printDefaults?: true;
}

/** What the command prints, and its exit status. */
export interface ValidateOutcome {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

export function registerValidate(program: Command): void {
  program
    .command('validate')
    .summary("check a job's manifest")
    .description(
      'Check a WsiTrainingJob: unknown fields, types, ranges and the rules over several\n' +
        'fields, which are the same as those of the Kubernetes API server. All problems\n' +
        'are printed, each with its field and line. The cohort and its slides are not read.',
    )
    .argument('<job.yaml>', 'manifest with one WsiTrainingJob; - for standard input')
    .option(
      '--set <path=value>',
      'change a field first (path relative to spec, value in YAML; null removes it); repeatable',
      (assignment: string, before: readonly string[] | undefined) => [...(before ?? []), assignment],
    )
    .option('--print-defaults', 'print the job with all defaults filled in')
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: ValidateFlags) => {
      const { status, output, errors } = await validateFile(path, flags);
      process.stdout.write(output);
      process.stderr.write(errors);
      process.exitCode = status;
    });
}

export async function validateFile(path: string, flags: ValidateFlags): Promise<ValidateOutcome> {
  const name = manifestName(path);
  try {
    const text = await manifestText(path);
    const { job, problems } = checkManifest(text, name, { overrides: flags.set ?? [] });
    if (problems !== undefined) {
      const count = problems.length === 1 ? 'one problem' : `${String(problems.length)} problems`;
      const lines = problems.map((problem) => `  ${formatProblem(problem)}\n`).join('');
      return { status: INPUT_IS_WRONG, output: '', errors: `${name}: ${count}\n${lines}` };
    }
    const output =
      flags.printDefaults === true ? formatManifest(job) : `${name}: ${job.metadata.name} is valid\n`;
    return { status: 0, output, errors: '' };
  } catch (thrown) {
    if (!(thrown instanceof WsiError)) throw thrown;
    return { status: INPUT_IS_WRONG, output: '', errors: `${thrown.message}\n` };
  }
}
