/**
 * The benchmarks: `npm run bench`, or `node bench/src/main.ts [OPTIONS]`. Prints a table and appends every row, with
 * what it was measured on, to a file of JSON lines.
 */
import type { Network } from '@wsi/engine';
import { WsiError } from '@wsi/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSetup } from '../../setup/locations.mjs';
import { benchTrainingStep, type TrainingStepCase, type TrainingStepRow } from './training-step.ts';
import { formatTable } from './table.ts';

const HELP = `Usage: node bench/src/main.ts [OPTIONS]

Measures one training step of each encoder from Node, beside the same graph in Python TensorFlow and the same network
in PyTorch, in turns on this machine.

  --threads N    threads of each side (default 1)
  --rounds N     rounds in turns (default 8)
  --steps N      steps of each side in a round (default 3)
  --encoder NAME only tiny or only resnet18
  --python PATH  a Python with tensorflow and torch (default: that of the set-up; "none": measure Node alone)
  --output DIR   where the JSON lines go (default output/bench)
`;

const network = (name: 'tiny' | 'resnet18', tileSize: number): Network => ({
  encoder: { name },
  aggregator: { name: 'attention', hidden: 64 },
  tileSize,
});

const CASES: readonly TrainingStepCase[] = [
  { network: network('tiny', 64), n: 16 },
  { network: network('tiny', 224), n: 16 },
  { network: network('resnet18', 224), n: 8 },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', default: false },
      threads: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '8' },
      steps: { type: 'string', default: '3' },
      encoder: { type: 'string' },
      python: { type: 'string' },
      output: { type: 'string', default: join('output', 'bench') },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const options = {
    threads: count('threads', values.threads),
    rounds: count('rounds', values.rounds),
    steps: count('steps', values.steps),
    python: values.python === 'none' ? null : (values.python ?? readSetup().pythonBench),
  };
  if (options.python === null && values.python === undefined) {
    process.stderr.write('Python TensorFlow and PyTorch are not set up; `npm run bench` does that.\n');
  }
  const rows: TrainingStepRow[] = [];
  for (const subject of CASES) {
    if (values.encoder !== undefined && subject.network.encoder.name !== values.encoder) continue;
    const measured = await benchTrainingStep(subject, options);
    process.stdout.write(`${trainingStepTable(subject, measured)}\n`);
    rows.push(...measured);
  }
  const path = await writeRows(values.output, rows);
  process.stdout.write(`Rows: ${path}\n`);
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

async function writeRows(directory: string, rows: readonly TrainingStepRow[]): Promise<string> {
  const time = new Date().toISOString();
  const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  await mkdir(directory, { recursive: true });
  const path = join(directory, `bench-${time.replaceAll(/[:.]/g, '-')}.jsonl`);
  await writeFile(path, rows.map((row) => `${JSON.stringify({ time, machine, ...row })}\n`).join(''));
  return path;
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new WsiError('InvalidArgument', `"${text}" is not a count.`, { where: `--${name}` });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof WsiError && error.code === 'InvalidArgument' ? 64 : 1;
}
