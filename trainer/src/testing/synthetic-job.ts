/** Support for tests: a small synthetic cohort on disk and a job on it, made by the product's own parts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobFromText, type WsiTrainingJob } from '@wsi/api';
import { synthesizeCohort, type SynthesisOptions } from '@wsi/cohort';

export interface SyntheticJobOptions extends Omit<SynthesisOptions, 'output'> {
  readonly directory: string;
  /** As of `--set`: `training.epochs=2`. */
  readonly set?: readonly string[];
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
