/**
 * The benchmarks: `npm run bench`, or `node tools/bench/src/main.ts [OPTIONS]`. Prints a table and appends every row, with
 * what it was measured on, to a file of JSON lines.
 */
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import type { TileNetwork } from '@wsi-operator/engine';
import { InvalidOptionValue, wholeNumber, WsiError } from '@wsi-operator/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchPython } from './bench-python.ts';
import {
  benchTrainingStep,
  type TrainingStepCase,
  type TrainingStepOptions,
  type TrainingStepRow,
} from './training-step.ts';
import {
  benchFeatureTraining,
  FEATURE_CASES,
  featureTrainingTable,
  type FeatureTrainingRow,
} from './features-training/features-training.ts';
import { benchLearning, LEARNING_ENCODERS, learningTable, type LearningRow } from './learns.ts';
import { benchModelError, type ModelErrorRow } from './model-error.ts';
import { modelTable } from './model-table.ts';
import { leaseTable } from './leases/lease-table.ts';
import { benchLeases, type LeaseCase, type LeaseRow } from './leases/leases.ts';
import { formatTable } from './table.ts';
import { benchTiles, type TileRow } from './tiles.ts';
import { benchTissue, tissueTable, type TissueRow } from './tissue/tissue.ts';
import { benchWorkerShare, type WorkerShareRow } from './worker-share.ts';

const HELP = `Usage: node tools/bench/src/main.ts [OPTIONS]

Measures, in turns on this machine:
  training-step  one step of each encoder from Node, beside the same graph in Python TensorFlow and the same network
                 in PyTorch
  tiles          patches a second, beside OpenSlide in Python
  tissue         precision and recall of tissue on drawn slides, beside published rules
  worker         what a worker's time goes into, in a run with one worker
  model          how well the model of throughput and memory predicts runs that it has not seen
  learns         encoders from random weights: loss, and area under the ROC curve of held-out slides
  features-training
                 a step of training on files of features, beside the same network in PyTorch
  leases         the coordinator's lease service under 10 to 1,000 simulated workers

  --only NAME    one of these (may be given several times; default: training-step, tiles, worker)
  --threads N    threads of each side of a training step, and of the worker (default 1)
  --rounds N     rounds in turns (default 8)
  --steps N      training steps of each side in a round (default 3)
  --seconds N    seconds of each measurement of the lease service (default 2)
  --compare DIR  another checkout of this repository, whose lease service takes turns with this one
  --encoder NAME only the cases of this encoder; for learns any encoder
  --python PATH  a Python with tensorflow, torch and openslide (default: that of the set-up; "none": Node alone)
  --output DIR   where the JSON lines go (default output/bench)
`;

const SECTIONS = [
  'training-step',
  'tiles',
  'tissue',
  'worker',
  'model',
  'learns',
  'features-training',
  'leases',
] as const;

const network = (name: EncoderName, tileSize: number): TileNetwork => ({
  encoder: { name },
  aggregator: { name: 'attention', hidden: 64 },
  tileSize,
});

const CASES: readonly TrainingStepCase[] = [
  { network: network('tiny', 64), n: 16 },
  { network: network('tiny', 224), n: 16 },
  { network: network('resnet18', 224), n: 8 },
];

const LEASE_CASES: readonly LeaseCase[] = [
  { workers: 10, waiting: 1_000 },
  { workers: 100, waiting: 1_000 },
  { workers: 300, waiting: 1_000 },
  { workers: 1_000, waiting: 1_000 },
  { workers: 100, waiting: 10_000 },
  { workers: 100, waiting: 100_000 },
];

type Row =
  | TrainingStepRow
  | TissueRow
  | (TileRow & { readonly bench: 'tiles' })
  | WorkerShareRow
  | ModelErrorRow
  | LearningRow
  | FeatureTrainingRow
  | LeaseRow;

interface MeasureOptions extends TrainingStepOptions {
  readonly seconds: number;
  readonly compare: string | undefined;
  readonly encoder: EncoderName | undefined;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: ['training-step', 'tiles', 'worker'] },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '8' },
      steps: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      compare: { type: 'string' },
      encoder: { type: 'string' },
      python: { type: 'string' },
      output: { type: 'string', default: join('output', 'bench') },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const unknown = values.only.find((name) => !SECTIONS.some((section) => section === name));
  if (unknown !== undefined) throw invalid('only', `"${unknown}" is not one of ${SECTIONS.join(', ')}.`);
  const sections = new Set(values.only);
  const cases = CASES.filter(({ network: { encoder } }) => encoder.name === (values.encoder ?? encoder.name));
  const encoder = encoderNamed(values.encoder);
  const counts = {
    threads: count('threads', values.threads),
    rounds: count('rounds', values.rounds),
    steps: count('steps', values.steps),
    seconds: count('seconds', values.seconds),
  };
  const rows = await measure(sections, cases, {
    ...counts,
    compare: values.compare === undefined ? undefined : resolve(values.compare),
    encoder,
    python: values.python === 'none' ? null : (values.python ?? (await pythonFor(sections))),
  });
  process.stdout.write(`Rows: ${await writeRows(values.output, rows)}\n`);
}

/** For the sections that compare with it. */
async function pythonFor(sections: ReadonlySet<string>): Promise<string | null> {
  if (!['training-step', 'tiles', 'features-training'].some((name) => sections.has(name))) return null;
  return benchPython('See above, or measure Node alone: --python none.');
}

async function measure(
  sections: ReadonlySet<string>,
  cases: readonly TrainingStepCase[],
  options: MeasureOptions,
): Promise<Row[]> {
  const rows: Row[] = [];
  const print = (text: string): boolean => process.stdout.write(`${text}\n`);
  for (const subject of sections.has('training-step') ? cases : []) {
    const measured = await benchTrainingStep(subject, options);
    print(trainingStepTable(subject, measured));
    rows.push(...measured);
  }
  if (sections.has('tiles')) {
    const measured = await benchTiles({ python: options.python, rounds: options.rounds });
    print(tileTable(measured));
    rows.push(...measured.map((row) => ({ bench: 'tiles' as const, ...row })));
  }
  if (sections.has('tissue')) {
    const measured = await benchTissue();
    for (const heldOut of [false, true]) print(`\n${tissueTable(measured, heldOut)}\n`);
    rows.push(...measured);
  }
  if (sections.has('worker')) {
    const measured = await benchWorkerShare(options.threads);
    print(workerTable(measured));
    rows.push(measured);
  }
  if (sections.has('model')) {
    const measured = await benchModelError(options.rounds);
    print(modelTable(measured));
    rows.push(...measured);
  }
  if (sections.has('learns')) {
    const { encoder } = options;
    const encoders = encoder === undefined ? LEARNING_ENCODERS : [encoder];
    const measured = await benchLearning(encoders, (row) => print(learningTable([row])));
    print(`\n${learningTable(measured)}\n`);
    rows.push(...measured);
  }
  if (sections.has('features-training')) {
    const measured: FeatureTrainingRow[] = [];
    for (const shape of FEATURE_CASES) measured.push(await benchFeatureTraining(shape, options));
    print(`\n${featureTrainingTable(measured)}\n`);
    rows.push(...measured);
  }
  if (sections.has('leases')) {
    const { rounds, seconds, compare } = options;
    const measured = await benchLeases({
      ...{ cases: LEASE_CASES, rounds, seconds },
      ...(compare === undefined ? {} : { compare }),
    });
    print(leaseTable(measured));
    rows.push(...measured);
  }
  return rows;
}

function tileTable(rows: readonly TileRow[]): string {
  const header = ['patches of 224 x 224', 'threads', 'patches/s', 'CPU ms/patch', 'Python/this'];
  const cells = rows.map((row) => [
    `${row.slide}, ${row.way}`,
    String(row.threads),
    row.patchesPerSecond.toFixed(0),
    row.cpuMillisecondsPerPatch.toFixed(2),
    row.ratioToPython === undefined ? '' : (1 / row.ratioToPython).toFixed(2),
  ]);
  return `\n${formatTable([header, ...cells])}\n`;
}

function workerTable({
  tilesPerSecond,
  trainingSeconds,
  phaseSeconds,
  computingShare,
}: WorkerShareRow): string {
  const cells = Object.entries(phaseSeconds).map(([phase, seconds]) => [phase, seconds.toFixed(2)]);
  const title = `A run with one worker: ${tilesPerSecond.toFixed(0)} tiles/s, ${trainingSeconds.toFixed(1)} s of training, ${(computingShare * 100).toFixed(0)}% of them inside TensorFlow`;
  return `\n${title}\n${formatTable([['phase', 'seconds'], ...cells])}\n`;
}

function trainingStepTable(
  { network: { encoder, tileSize }, n }: TrainingStepCase,
  rows: readonly TrainingStepRow[],
): string {
  const title = `${encoder.name}: training step on ${n} tiles of ${tileSize} x ${tileSize}, ${rows[0]?.threads ?? 1} thread(s)`;
  const cells = rows.map((row) => [
    row.side,
    row.fastestMilliseconds.toFixed(1),
    row.medianMilliseconds.toFixed(1),
    row.fastestProcessorMilliseconds.toFixed(1),
    row.tilesPerSecond.toFixed(0),
    row.nodeOverThis.toFixed(2),
    row.nodeOverThisProcessor.toFixed(2),
    (row.peakMemoryBytes / 1e6).toFixed(0),
    row.gradientDifference.toExponential(1),
  ]);
  const header = [
    '',
    'ms',
    'median',
    'CPU ms',
    'tiles/s',
    'Node/this',
    'in CPU',
    'peak MB',
    'gradient differs by',
  ];
  const [node] = rows;
  const shares = `Node: ${((node?.engineShare ?? 0) * 100).toFixed(1)}% of the step inside TensorFlow; forward alone ${(node?.forwardTilesPerSecond ?? 0).toFixed(0)} tiles/s`;
  return `\n${title}\n${formatTable([header, ...cells])}\n${shares}\n`;
}

async function writeRows(directory: string, rows: readonly Row[]): Promise<string> {
  const time = new Date().toISOString();
  const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  await mkdir(directory, { recursive: true });
  const path = join(directory, `bench-${time.replaceAll(/[:.]/g, '-')}.jsonl`);
  await writeFile(path, rows.map((row) => `${JSON.stringify({ time, machine, ...row })}\n`).join(''));
  return path;
}

function encoderNamed(name: string | undefined): EncoderName | undefined {
  if (name === undefined) return undefined;
  if (Object.hasOwn(ENCODERS, name)) return name as EncoderName;
  throw invalid('encoder', `no encoder is called "${name}".`);
}

function count(name: string, text: string): number {
  try {
    return wholeNumber({ least: 1 })(text);
  } catch (error) {
    throw error instanceof InvalidOptionValue ? invalid(name, error.message) : error;
  }
}

function invalid(option: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', problem, { where: `--${option}` });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof WsiError && error.code === 'InvalidArgument' ? 64 : 1;
}
