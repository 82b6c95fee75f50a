/** Directories as a run leaves them, with seeded numbers, for the tests of the report. */
import { RandomStream } from '@wsi-operator/foundation';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

export type SampleKind = 'classification' | 'survival' | 'classes';

const SPLITS: readonly (readonly [string, number])[] = [
  ['train', 48],
  ['validation', 12],
  ['test', 24],
];

export interface SampleOptions {
  readonly name?: string;
  /** Class names; what a hostile table may hold. */
  readonly classes?: readonly string[];
}

export async function writeSampleRun(
  directory: string,
  kind: SampleKind,
  options: SampleOptions = {},
): Promise<void> {
  const classes =
    options.classes ?? (kind === 'classes' ? ['adenoma', 'carcinoma', 'normal'] : ['apart', 'together']);
  const stream = new RandomStream(7, kind);
  await mkdir(join(directory, 'heatmaps'), { recursive: true });
  const write = (file: string, value: unknown): Promise<void> =>
    writeFile(join(directory, file), typeof value === 'string' ? value : JSON.stringify(value));
  const predictions = SPLITS.flatMap(([split, count]) =>
    Array.from({ length: count }, (_, index) =>
      prediction(kind, `${split}-${index}`, { split, classes, stream }),
    ),
  );
  await write('result.json', resultOf(kind, options.name ?? `sample-${kind}`));
  await write('metrics.jsonl', metricLines(kind, stream));
  await write('predictions.json', predictions);
  await write('heatmaps/INDEX.json', await heatmapsOf(directory, predictions.slice(-6), stream));
}

type SamplePrediction = Record<string, unknown> & { slides: string[] };

function prediction(
  kind: SampleKind,
  patient: string,
  { split, classes, stream }: { split: string; classes: readonly string[]; stream: RandomStream },
): SamplePrediction {
  const common = { patient, bag: patient, slides: [`/data/slides/${patient}.tiff`], split };
  if (kind === 'survival') {
    const risk = stream.normal();
    const treatment = stream.uniform() < 0.5 ? 'placebo' : 'active';
    const hazard = Math.exp(1.1 * risk - (treatment === 'active' ? 0.8 : 0)) / 20;
    const [death, end] = [-Math.log(1 - stream.uniform()) / hazard, 5 + 55 * stream.uniform()];
    const outcome = { type: 'survival', time: Math.min(death, end), event: death <= end ? 1 : 0 };
    return { ...common, outcome, treatment, score: risk + 0.5 * stream.normal() };
  }
  const classIndex = stream.integer(classes.length);
  const logits = classes.map((_, index) => stream.normal() * 1.2 + (index === classIndex ? 2.6 : 0));
  const sum = logits.reduce((total, value) => total + Math.exp(value), 0);
  const probabilities = logits.map((value) => Math.exp(value) / sum);
  const outcome = { type: 'classification', class: classes[classIndex], classIndex };
  return {
    ...common,
    outcome,
    probabilities,
    score: classes.length === 2 ? probabilities[1]! : Math.max(...probabilities),
  };
}

function metricLines(kind: SampleKind, stream: RandomStream): string {
  const lines: unknown[] = [];
  const [epochs, perEpoch] = [12, 12];
  for (let step = 0; step < epochs * perEpoch; step++) {
    const epoch = Math.floor(step / perEpoch);
    const fall = Math.exp(-step / 45);
    lines.push({
      step,
      epoch,
      loss: Math.max(0.02, 0.08 + 0.62 * fall + 0.12 * stream.normal() * (0.3 + fall)),
      learningRate:
        0.003 * (step < 10 ? (step + 1) / 11 : 0.5 + 0.5 * Math.cos((Math.PI * (step - 10)) / 134)),
      tiles: 256,
      tilesPerSecond: 180 + 12 * stream.normal(),
      seconds: 1.4,
      time: 1_795_000_000_000 + step * 1400,
    });
    if ((step + 1) % perEpoch !== 0) continue;
    const quality = 0.95 - 0.45 * fall + 0.02 * stream.normal();
    const metrics =
      kind === 'survival'
        ? { cIndex: quality - 0.15 }
        : { accuracy: quality - 0.05, logLoss: 0.2 + 0.5 * fall, auc: quality };
    lines.push({ step: step + 1, epoch, split: 'validation', metrics });
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function resultOf(kind: SampleKind, name: string): unknown {
  return {
    parametersSha256: '9f2c5d0e7b1a48c3d6e5f40912ab34cd56ef7890a1b2c3d4e5f60718293a4b5c',
    steps: 144,
    tiles: 36864,
    tilesPerSecond: 183.4,
    metrics: kind === 'survival' ? { 'test.cIndex': 0.7 } : { 'test.auc': 0.95, 'test.accuracy': 0.9 },
    phaseSeconds: {
      survey: 3.1,
      open: 0.8,
      read: 22.4,
      decode: 31.7,
      forward: 118.2,
      backward: 161.9,
      push: 4.2,
      pull: 2.6,
      wait: 19.5,
    },
    peakMemoryBytes: { coordinator: 210e6, server: 128e6, worker: 742e6 },
    restarts: { coordinator: 0, server: 0, worker: 1 },
    versions: { 'wsi-operator': '0.1.0', node: '24.21.0', tensorflow: '2.21.0', openslide: '4.0.1' },
    ...(kind === 'classification' && {
      comparison: [
        { name: 'whole slide, end to end', metrics: { 'test.auc': 0.957, 'test.accuracy': 0.917 } },
        { name: 'single patches, averaged', metrics: { 'test.auc': 0.512, 'test.accuracy': 0.5 } },
      ],
    }),
    job: {
      apiVersion: 'wsi.dev/v1alpha1',
      kind: 'WsiTrainingJob',
      metadata: { name },
      spec: {
        model: {
          encoder: { name: 'tiny' },
          aggregator: { name: 'attention', hidden: 64 },
          head:
            kind === 'survival'
              ? { name: 'cox', ties: 'efron', hidden: 16 }
              : { name: 'classification', hidden: 16 },
        },
        training: { epochs: 12, slidesPerStep: 4, seed: 1 },
      },
    },
  };
}

async function heatmapsOf(
  directory: string,
  predictions: readonly SamplePrediction[],
  stream: RandomStream,
): Promise<unknown[]> {
  const [width, height, side] = [400, 280, 14];
  const entries: unknown[] = [];
  for (const [place, { slides, split, outcome, score }] of predictions.entries()) {
    const [centreX, centreY] = [120 + 160 * stream.uniform(), 90 + 100 * stream.uniform()];
    const shape = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#f4f1f4"/><ellipse cx="200" cy="140" rx="170" ry="112" fill="#e3a9c6"/><ellipse cx="${centreX}" cy="${centreY}" rx="60" ry="38" fill="#b06aa6"/></svg>`;
    const thumbnail = `slide-${place}.png`;
    await writeFile(join(directory, 'heatmaps', thumbnail), await sharp(Buffer.from(shape)).png().toBuffer());
    const tiles: number[][] = [];
    const weights: number[] = [];
    for (let y = 28; y < 252; y += side) {
      for (let x = 28; x < 372; x += side) {
        const inside = ((x + 7 - 200) / 170) ** 2 + ((y + 7 - 140) / 112) ** 2;
        if (inside > 1) continue;
        tiles.push([x, y, side, side]);
        weights.push(
          Math.exp(-(((x - centreX) / 45) ** 2 + ((y - centreY) / 32) ** 2) + 0.3 * stream.normal()),
        );
      }
    }
    const sum = weights.reduce((total, value) => total + value, 0);
    entries.push({
      slide: slides[0],
      split,
      outcome,
      score,
      thumbnail,
      width,
      height,
      tiles,
      attention: weights.map((value) => value / sum),
    });
  }
  return entries;
}
