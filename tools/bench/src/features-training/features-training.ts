/**
 * A step of training on files of features, one bag a step: a whole run of the product with one worker, beside the same network in
 * PyTorch. Both are held to one core, read the rows anew for each step, and take turns, so that a busy moment of the machine meets both.
 */
import { jobFromText } from '@wsi-operator/api';
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Peer } from '../peer.ts';
import { wsi } from '../run-wsi.ts';
import { formatTable } from '../table.ts';
import { writeBags, type Bags } from './bags.ts';

export interface FeatureCase {
  /** Of a bag. */
  readonly rows: number;
  /** Numbers of a row. */
  readonly size: number;
}

export const FEATURE_CASES: readonly FeatureCase[] = [
  { rows: 1_000, size: 512 },
  { rows: 10_000, size: 1024 },
  { rows: 50_000, size: 1536 },
];

export interface FeatureTrainingRow extends FeatureCase {
  readonly bench: 'features-training';
  readonly hidden: number;
  readonly rounds: number;
  /** Median over the rounds, of a step's seconds from the first step to the end of the training. */
  readonly secondsPerStep: number;
  /** Median of the worker's processor seconds for a step: what other programs take does not count. */
  readonly processorSecondsPerStep: number;
  /** Of the last round: seconds a step of the worker's phases. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
  /** Absent without Python. */
  readonly pytorch?: { readonly secondsPerStep: number; readonly processorSecondsPerStep: number };
}

export interface FeatureTrainingOptions {
  readonly rounds: number;
  /** A Python with torch; null for none. */
  readonly python: string | null;
}

const BAGS = 4;
const HIDDEN = 256;
const LEARNING_RATE = 1e-4;
/** So many rows in all, or one epoch. */
const ROWS_OF_A_RUN = 400_000;
const MOST_EPOCHS = 50;

/** @throws WsiError `EngineFailed` with what a side printed, when it fails */
export async function benchFeatureTraining(
  shape: FeatureCase,
  { rounds, python }: FeatureTrainingOptions,
): Promise<FeatureTrainingRow> {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-features-'));
  const epochs = Math.min(MOST_EPOCHS, Math.max(2, Math.round(ROWS_OF_A_RUN / (BAGS * shape.rows))));
  const peer = python === null ? undefined : pytorch(python);
  try {
    const bags = await writeBags(directory, BAGS, shape);
    const job = join(directory, 'job.yaml');
    await writeFile(job, jobText(bags, epochs));
    const ours: Measured[] = [];
    const theirs: Readonly<Record<string, unknown>>[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await runOnce(job, join(directory, `run-${round}`)));
      if (peer !== undefined) theirs.push(await peer.ask(questionOf(bags, epochs)));
    }
    const of = (field: string): number => median(theirs.map((answer) => Number(answer[field])));
    return {
      ...{ bench: 'features-training', ...shape, hidden: HIDDEN, rounds },
      secondsPerStep: median(ours.map(({ secondsPerStep }) => secondsPerStep)),
      processorSecondsPerStep: median(ours.map(({ processorSecondsPerStep }) => processorSecondsPerStep)),
      phaseSeconds: ours.at(-1)!.phaseSeconds,
      ...(peer === undefined
        ? {}
        : {
            pytorch: {
              secondsPerStep: of('secondsPerStep'),
              processorSecondsPerStep: of('processorSecondsPerStep'),
            },
          }),
    };
  } finally {
    await peer?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

export function featureTrainingTable(rows: readonly FeatureTrainingRow[]): string {
  const header = ['rows x numbers', 'ms a step', 'PyTorch', 'CPU ms', 'PyTorch', 'this/PyTorch in CPU'];
  const milliseconds = (seconds: number | undefined): string =>
    seconds === undefined ? '' : (seconds * 1000).toFixed(0);
  const cells = rows.map(({ rows: count, size, secondsPerStep, processorSecondsPerStep, pytorch: other }) => [
    `${count.toLocaleString('en')} x ${size.toLocaleString('en')}`,
    milliseconds(secondsPerStep),
    milliseconds(other?.secondsPerStep),
    milliseconds(processorSecondsPerStep),
    milliseconds(other?.processorSecondsPerStep),
    other === undefined ? '' : (processorSecondsPerStep / other.processorSecondsPerStep).toFixed(2),
  ]);
  return formatTable([header, ...cells]);
}

interface Measured {
  readonly secondsPerStep: number;
  readonly processorSecondsPerStep: number;
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

async function runOnce(job: string, output: string): Promise<Measured> {
  await wsi(['run', job, '--output', output, '--workers', '1', '--servers', '1'], {}, oneCore());
  const { steps, trainingSeconds, phaseSeconds, measurement } = JSON.parse(
    await readFile(join(output, 'result.json'), 'utf8'),
  ) as Result;
  const { window } = measurement;
  const ofAStep = Object.entries(phaseSeconds).map(([phase, seconds]) => [phase, seconds / steps] as const);
  return {
    secondsPerStep: trainingSeconds / steps,
    processorSecondsPerStep: window.processorSeconds / window.steps,
    phaseSeconds: Object.fromEntries(ofAStep),
  };
}

interface Result {
  readonly steps: number;
  readonly trainingSeconds: number;
  readonly phaseSeconds: Readonly<Record<string, number>>;
  /** Of the worker, over the newest steps. */
  readonly measurement: { readonly window: { readonly processorSeconds: number; readonly steps: number } };
}

function pytorch(python: string): Peer {
  const program = join(import.meta.dirname, '../../python/features_training.py');
  const [command, ...words] = [...oneCore(), python, program];
  return new Peer('PyTorch', command, words, { OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '-1' });
}

/** Where there is no such program, both sides have the whole machine. */
function oneCore(): string[] {
  return existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '--cpu-list', '0'] : [];
}

function questionOf({ bags, arrays }: Bags, epochs: number): unknown {
  return {
    bags: bags.map(({ name, label }) => ({ file: join(arrays, `${name}.npy`), label })),
    ...{ hidden: HIDDEN, epochs, learningRate: LEARNING_RATE, threads: 1 },
  };
}

/** The rows of a bag are more than the default cache holds, as those of a real slide. */
function jobText({ table, features }: Bags, epochs: number): string {
  const job = {
    apiVersion: 'wsi.dev/v1alpha1',
    kind: 'WsiTrainingJob',
    metadata: { name: 'bench' },
    spec: {
      cohort: {
        ...{ table, features, outcome: { type: 'classification', column: 'label' } },
        split: { column: 'split' },
      },
      patches: { cacheBytes: '512Mi' },
      model: {
        aggregator: { name: 'attention', hidden: HIDDEN },
        head: { name: 'classification', hidden: 0 },
      },
      training: {
        ...{ epochs, slidesPerStep: 1, threads: 1 },
        optimizer: { name: 'adamw', learningRate: LEARNING_RATE },
      },
    },
  };
  const text = JSON.stringify(job);
  jobFromText(text, 'the job of the benchmark');
  return text;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
