/** `wsi validate`: every fault of a job's manifest and of its data at once, before anything is started. */
import { dirname, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  checkManifest,
  DEFAULT_ISOLATION,
  formatManifest,
  formatProblem,
  isolationProblems,
  PROFILES,
  unusedDevices,
  type Problem,
  type Profile,
  type WsiTrainingJob,
} from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { checkData } from '../job-data.ts';
import { manifestName, manifestText } from '../manifest-file.ts';
import { resolvePaths } from './run.ts';
import { standardError, standardOutput } from '../terminal/streams.ts';

/** EX_USAGE of sysexits.h: the input is wrong. */
const INPUT_IS_WRONG = 64;

const DATA_UNREAD = '  not checked: the table and the slides, which are checked once the manifest is right\n';

const EXAMPLES = `
Examples:
  wsi validate job.yaml
  wsi validate job.yaml --set training.epochs=3 --set patches.mpp=0.5
  wsi validate job.yaml --print-defaults
  helm template chart | wsi validate - --manifest-only
  wsi validate job.yaml --profile restricted

Exit status: 0 when nothing is wrong with what could be read (the rest is listed),
64 when something is.`;

export interface ValidateFlags {
  readonly set?: readonly string[];
  readonly printDefaults?: true;
  readonly manifestOnly?: true;
  readonly profile?: Profile;
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
    .summary('check a job and its data')
    .description(
      'Check a WsiTrainingJob: unknown fields, types, ranges and the rules over several\n' +
        'fields, which are the same as those of the Kubernetes API server. All problems\n' +
        'are printed, each with its field and line. Then the table is read, every slide is\n' +
        'looked for and opened, and what was understood is printed. Data that this machine\n' +
        'does not reach (claims, S3 without credentials) is named: it was not checked.',
    )
    .argument('<job.yaml>', 'manifest with one WsiTrainingJob; - for standard input')
    .option(
      '--set <path=value>',
      'change a field first (path relative to spec, value in YAML; null removes it); repeatable',
      (assignment: string, before: readonly string[] | undefined) => [...(before ?? []), assignment],
    )
    .option('--print-defaults', 'print the job with all defaults filled in; its data is not read')
    .option('--manifest-only', 'do not read the table and the slides')
    .addOption(
      new Option(
        '--profile <profile>',
        "check the templates as a cluster does with this isolation.profile, and the chart's own lists",
      ).choices(Object.keys(PROFILES)),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, flags: ValidateFlags) => {
      const { status, output, errors } = await validateFile(path, flags);
      standardOutput.write(output);
      standardError.write(errors);
      process.exitCode = status;
    });
}

export async function validateFile(path: string, flags: ValidateFlags): Promise<ValidateOutcome> {
  const name = manifestName(path);
  try {
    const text = await manifestText(path);
    const { job, problems } = checkManifest(text, name, { overrides: flags.set ?? [] });
    if (problems !== undefined) return refusal(`${name}: `, problems, flags);
    const refused = flags.profile === undefined ? [] : notAllowed(job, flags.profile);
    if (refused.length > 0)
      return refusal(`${name}: not allowed in the profile ${flags.profile ?? ''}: `, refused, flags);
    const warnings = unusedDevices(job).map((problem) => `  warning: ${formatProblem(problem)}\n`);
    const outcome = await valid(job, name, path, flags);
    return { ...outcome, errors: `${outcome.errors}${warnings.join('')}` };
  } catch (thrown) {
    if (!(thrown instanceof WsiError)) throw thrown;
    return { status: INPUT_IS_WRONG, output: '', errors: `${thrown.message}\n` };
  }
}

/** The manifest is; its data may not be. */
async function valid(
  job: WsiTrainingJob,
  name: string,
  path: string,
  flags: ValidateFlags,
): Promise<ValidateOutcome> {
  if (flags.printDefaults === true) return { status: 0, output: formatManifest(job), errors: '' };
  if (flags.manifestOnly === true) {
    const output = `${name}: ${job.metadata.name}: the manifest is valid\n`;
    return { status: 0, output, errors: '' };
  }
  return validateData(job, name, path === '-' ? process.cwd() : dirname(resolve(path)));
}

function refusal(
  what: string,
  problems: readonly Problem[],
  { manifestOnly, printDefaults }: ValidateFlags,
): ValidateOutcome {
  const count = problems.length === 1 ? 'one problem' : `${String(problems.length)} problems`;
  const lines = problems.map((problem) => `  ${formatProblem(problem)}\n`).join('');
  const unread = manifestOnly === true || printDefaults === true ? '' : DATA_UNREAD;
  return { status: INPUT_IS_WRONG, output: '', errors: `${what}${count}\n${lines}${unread}` };
}

/** With the lists of the chart as it is: those of a cluster, its API server knows. */
function notAllowed(job: WsiTrainingJob, profile: Profile): readonly Problem[] {
  return isolationProblems(job, { ...DEFAULT_ISOLATION, profile }, { gang: 'none' });
}

async function validateData(job: WsiTrainingJob, name: string, directory: string): Promise<ValidateOutcome> {
  const { faults, unchecked, understood } = await checkData(job, resolvePaths(job, directory));
  const lines = understood.map((line) => `  ${line}\n`).join('');
  const manifest = `${name}: ${job.metadata.name}: the manifest is valid`;
  const uncheckedLines = unchecked.map((what) => `  not checked: ${what}\n`).join('');
  if (faults.length > 0) {
    const wrong = faults.map((fault) => `  ${fault.replaceAll('\n', '\n  ')}\n`).join('');
    const errors = `${manifest}, its data is not:\n${wrong}${uncheckedLines}`;
    return { status: INPUT_IS_WRONG, output: lines, errors };
  }
  const data =
    understood.length === 0
      ? 'its data was not read'
      : 'nothing is wrong with its data as far as it was read';
  return { status: 0, output: `${manifest}; ${data}:\n${lines}${uncheckedLines}`, errors: '' };
}
