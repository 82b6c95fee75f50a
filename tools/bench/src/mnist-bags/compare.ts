/**
 * Test AUC of the sample job `manifests/samples/mnist-bags.yaml`, run as a user runs it, beside the authors' network in
 * PyTorch on the same bags. What is finished is kept, so that an interrupted comparison goes on where it was.
 */
import { jobFromText } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wsi } from '../run-wsi.ts';
import { drawBags } from './bags.ts';
import type { Digit } from './digits.ts';
import { askPyTorch, type PyTorchAnswer, type PyTorchQuestion } from './pytorch-side.ts';
import { writeCohort } from './write-cohort.ts';

export const SAMPLE = join(import.meta.dirname, '../../../../manifests/samples/mnist-bags.yaml');

/** Test AUC of one drawing of bags, and seconds a step of one bag. */
export interface MnistBagsRow {
  readonly bench: 'mnist-bags';
  readonly trainingBags: number;
  readonly testBags: number;
  readonly seed: number;
  readonly auc: number;
  readonly secondsPerStep: number;
  /** Absent without Python. */
  readonly pytorch?: PyTorchAnswer;
}

export interface CompareOptions {
  /** Receives `BAGS-SEED/`: `cohort/`, `run/`, `pytorch.json`. */
  readonly directory: string;
  readonly trainingBags: readonly number[];
  readonly testBags: number;
  /** Of the bags, of the initial values and of the order. */
  readonly seeds: readonly number[];
  /** A Python with torch and Pillow; null for none. */
  readonly python: string | null;
  readonly digits: readonly Digit[];
  readonly onRow?: (row: MnistBagsRow) => void;
}

/** What both sides take from the sample. */
type Recipe = Omit<PyTorchQuestion, 'cohort' | 'seed'>;

/** @throws WsiError `EngineFailed` with what a run printed, when it fails */
export async function compareMnistBags(options: CompareOptions): Promise<MnistBagsRow[]> {
  const rows: MnistBagsRow[] = [];
  for (const trainingBags of options.trainingBags) {
    for (const seed of options.seeds) {
      const row = await compareOne(options, trainingBags, seed);
      options.onRow?.(row);
      rows.push(row);
    }
  }
  return rows;
}

async function compareOne(
  options: CompareOptions,
  trainingBags: number,
  seed: number,
): Promise<MnistBagsRow> {
  const { directory, testBags, digits, python } = options;
  const place = join(directory, `${trainingBags}-${seed}`);
  const cohort = join(place, 'cohort');
  // The table is written last.
  if (!existsSync(join(cohort, 'cohort.csv'))) {
    const labels = digits.map(({ label }) => label);
    await writeCohort(cohort, drawBags(labels, { train: trainingBags, test: testBags }, seed), digits);
  }
  const run = join(place, 'run');
  await runSample(cohort, run, seed);
  const result = JSON.parse(await readFile(join(run, 'result.json'), 'utf8')) as {
    readonly metrics: Readonly<Record<string, number>>;
    readonly steps: number;
    readonly trainingSeconds: number;
  };
  const auc = result.metrics['test.auc'];
  if (auc === undefined) {
    throw new WsiError('EngineFailed', 'the result has no test AUC.', { where: join(run, 'result.json') });
  }
  const question = { cohort, seed, ...(await recipeOfSample()) };
  const pytorch =
    python === null ? undefined : await askPyTorch(join(place, 'pytorch.json'), question, python);
  return {
    ...{ bench: 'mnist-bags', trainingBags, testBags, seed, auc },
    secondsPerStep: result.trainingSeconds / result.steps,
    ...(pytorch === undefined ? {} : { pytorch }),
  };
}

/**
 * The command of the sample: a run that was interrupted goes on from its checkpoint, one that is finished stays, and one of
 * another recipe is refused.
 */
async function runSample(cohort: string, output: string, seed: number): Promise<void> {
  const settings = [
    `cohort.table=${join(cohort, 'cohort.csv')}`,
    `cohort.slides=${join(cohort, 'slides')}`,
    `training.seed=${seed}`,
  ];
  const size = ['--workers', '1', '--servers', '1'];
  await wsi(['run', SAMPLE, '--output', output, ...size, ...settings.flatMap((one) => ['--set', one])]);
}

export async function recipeOfSample(): Promise<Recipe> {
  const { epochs, optimizer } = jobFromText(await readFile(SAMPLE, 'utf8'), SAMPLE).spec.training;
  return { epochs, learningRate: optimizer.learningRate, weightDecay: optimizer.weightDecay };
}
