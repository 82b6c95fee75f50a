/**
 * Whether encoders learn from random weights: real runs on one synthetic cohort with the learning rate that a job without one
 * gets. The outcome is whether two motifs both occur on a slide, which no tile and no average over tiles reveals.
 */
import type { EncoderName } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wsi } from './run-wsi.ts';
import { formatTable } from './table.ts';

export interface LearningRow {
  readonly bench: 'learns';
  readonly encoder: EncoderName;
  readonly learningRate: number;
  readonly epochs: number;
  readonly steps: number;
  /** Means over the steps of the first and of the last epoch; chance is the logarithm of 2. */
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Of the held-out slides, with its interval of 95 %. */
  readonly auc: { readonly value: number; readonly lower: number; readonly upper: number };
  /** Wall clock, evaluation not counted. */
  readonly trainingSeconds: number;
}

/** Without a choice: those that learn in minutes. */
export const LEARNING_ENCODERS: readonly EncoderName[] = ['tiny', 'lenet', 'resnet18'];

const EPOCHS = 8;
/** Slides of six tiles: 48 to learn from, 16 held out. */
const COHORT = {
  slides: 64,
  width: 128,
  height: 192,
  motifs: 4,
  coverage: 0.6,
  task: 'cooccurrence',
  seed: 1,
};
const SETTINGS = [
  'patches.tissue={method: none}',
  `training.epochs=${EPOCHS}`,
  // The learning rate is the encoder's own.
  'training.optimizer={name: adamw}',
  'training.gradientClipping=1',
  'training.schedule={name: cosine, warmupSteps: 12}',
  'checkpoint.everySteps=1000',
];

interface Result {
  readonly steps: number;
  readonly trainingSeconds: number;
  readonly evaluation: {
    readonly test: { readonly estimates: { readonly auc: LearningRow['auc'] } };
  };
}

/** @throws WsiError `EngineFailed` with what a run printed, when it fails */
export async function benchLearning(
  encoders: readonly EncoderName[],
  print: (row: LearningRow) => void,
): Promise<LearningRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-learns-'));
  try {
    const cohort = join(directory, 'cohort');
    const arguments_ = Object.entries(COHORT).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await wsi(['synth', '--output', cohort, ...arguments_]);
    const rows: LearningRow[] = [];
    for (const encoder of encoders) {
      const row = await learn(join(cohort, 'job.yaml'), join(directory, encoder), encoder);
      print(row);
      rows.push(row);
    }
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function learn(job: string, output: string, encoder: EncoderName): Promise<LearningRow> {
  const settings = [...SETTINGS, `model.encoder.name=${encoder}`].flatMap((setting) => ['--set', setting]);
  await wsi(['run', job, '--output', output, '--workers', '1', '--servers', '1', '--no-report', ...settings]);
  const result = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as Result;
  const steps = await stepsOf(join(output, 'metrics.jsonl'));
  const meanLoss = (of: number): number => {
    const losses = steps.filter(({ epoch }) => epoch === of).map(({ loss }) => loss);
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  const { value, lower, upper } = result.evaluation.test.estimates.auc;
  return {
    bench: 'learns',
    encoder,
    learningRate: Math.max(...steps.map(({ learningRate }) => learningRate)),
    epochs: EPOCHS,
    steps: result.steps,
    firstLoss: meanLoss(0),
    lastLoss: meanLoss(EPOCHS - 1),
    auc: { value, lower, upper },
    trainingSeconds: result.trainingSeconds,
  };
}

interface Step {
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
}

async function stepsOf(path: string): Promise<Step[]> {
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const steps = lines.map((line) => JSON.parse(line) as Partial<Step>).filter((line) => 'loss' in line);
  if (steps.length === 0) throw new WsiError('EngineFailed', 'The run has no steps.', { where: path });
  return steps as Step[];
}

export function learningTable(rows: readonly LearningRow[]): string {
  const header = ['from random weights', 'rate', 'epochs', 'steps', 'loss', 'at the end', 'AUC', '95 %', 's'];
  const cells = rows.map((row) => [
    row.encoder,
    String(Number(row.learningRate.toPrecision(2))),
    String(row.epochs),
    String(row.steps),
    row.firstLoss.toFixed(3),
    row.lastLoss.toFixed(3),
    row.auc.value.toFixed(3),
    `${row.auc.lower.toFixed(3)} to ${row.auc.upper.toFixed(3)}`,
    row.trainingSeconds.toFixed(0),
  ]);
  return formatTable([header, ...cells]);
}
