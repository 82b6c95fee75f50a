/** Support for tests: a small synthetic cohort on disk and a job on it, made by the product's own parts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobFromText, type WsiTrainingJob } from '@wsi-operator/api';
import { synthesizeCohort, type SynthesisOptions } from '@wsi-operator/cohort';

export interface SyntheticJobOptions extends Omit<SynthesisOptions, 'output'> {
  readonly directory: string;
  /** As of `--set`: `training.epochs=2`. */
  readonly set?: readonly string[];
}

/** Enough for several tasks in a step and some steps in an epoch, and made in a second. */
export const SMALL_COHORT = {
  slides: 8,
  width: 448,
  height: 384,
  task: 'cooccurrence',
  seed: 2,
} as const satisfies Omit<SynthesisOptions, 'output'>;

/** A job on the small cohort, in a folder of `directory`. */
export async function smallJob(directory: string, set: readonly string[]): Promise<WsiTrainingJob> {
  return syntheticJob({ ...SMALL_COHORT, directory: join(directory, 'cohort'), set });
}

/** Makes the cohort (or takes the one that is there) and returns its own job, with paths absolute. */
export async function syntheticJob({
  directory,
  set = [],
  ...options
}: SyntheticJobOptions): Promise<WsiTrainingJob> {
  const { job, table } = await synthesizeCohort({ ...options, output: directory });
  return readJob(job, [`cohort.table=${table}`, `cohort.slides=${join(directory, 'slides')}`, ...set]);
}

export async function readJob(file: string, set: readonly string[] = []): Promise<WsiTrainingJob> {
  return jobFromText(await readFile(file, 'utf8'), file, { overrides: set });
}
