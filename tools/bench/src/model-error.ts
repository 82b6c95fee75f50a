/**
 * How well the model predicts what a run will do, in real runs on this machine: fitted to some configurations (patch size,
 * batch, workers), it predicts throughput and peak memory of others that it has not seen. Runs are repeated in turns; of
 * each configuration the fastest windows count, since what else a machine does only makes a run slower.
 */
import {
  fitMemory,
  fitShapes,
  predictMemory,
  predictShape,
  type ShapeObservation,
  type ShapesModel,
} from '@wsi-operator/autoscaler';
import type { Measurement, Window } from '@wsi-operator/protocol';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wsi } from './run-wsi.ts';

export interface Configuration {
  readonly patchSize: number;
  readonly batch: number;
  readonly workers: number;
}

export interface ModelErrorRow extends Configuration {
  readonly bench: 'model';
  /** What the model was fitted to, or not seen by it. */
  readonly use: 'fitted' | 'held out';
  readonly measuredTilesPerSecond: number;
  readonly predictedTilesPerSecond: number;
  /** (predicted - measured) / measured. */
  readonly throughputError: number;
  /** Rate of the slowest repetition over that of the fastest: how quiet the machine was. */
  readonly steadiness: number;
  /** Of the workers' threads, for a tile: does not count the time in which others had the processors. */
  readonly measuredProcessorSeconds: number;
  readonly predictedProcessorSeconds: number;
  readonly processorError: number;
  readonly measuredPeakBytes: number;
  readonly predictedPeakBytes: number;
  readonly memoryError: number;
}

const at = (patchSize: number, batch: number, ...workers: number[]): Configuration[] =>
  workers.map((count) => ({ patchSize, batch, workers: count }));

/** Corners of the shapes, with small and large sizes at each, so that the effect of a size is separated from that of a shape. */
const FITTED: readonly Configuration[] = [
  ...at(64, 4, 1, 3),
  ...at(64, 16, 1, 2, 3),
  ...at(128, 4, 1, 2),
  ...at(128, 16, 1, 3),
];
/** A shape between them, and a size that was not tried at its shape. */
const HELD_OUT: readonly Configuration[] = [...at(96, 8, 1, 2, 3), ...at(128, 16, 2)];

export const CONFIGURATIONS: readonly Configuration[] = [...FITTED, ...HELD_OUT];

const SERVERS = 1;
const CACHE_BYTES = 64 * 2 ** 20;
const COHORT = [
  '--slides',
  '6',
  '--width',
  '896',
  '--height',
  '896',
  '--task',
  'cooccurrence',
  '--seed',
  '1',
];
const SETTINGS = [
  'training.slidesPerStep=2',
  'training.threads=1',
  'patches.blockShards=1',
  `patches.cacheBytes=${CACHE_BYTES}`,
  // Long enough for half of the windows to be undisturbed, and for Node to have compiled what it runs.
  'training.epochs=20',
  'checkpoint.everySteps=100000',
];

export interface Measured {
  readonly configuration: Configuration;
  readonly windows: readonly Window[];
  readonly workload: Measurement['workload'];
  readonly peakBytes: number;
}

/** @throws WsiError `EngineFailed` with what a run printed, when it fails */
export async function benchModelError(rounds: number): Promise<ModelErrorRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'wsi-bench-model-'));
  try {
    const cohort = join(directory, 'cohort');
    await wsi(['synth', '--output', cohort, ...COHORT]);
    const runs: Measured[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const configuration of CONFIGURATIONS) {
        runs.push(await run(cohort, join(directory, `run-${runs.length}`), configuration));
      }
    }
    return rowsOf(runs);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function run(cohort: string, output: string, configuration: Configuration): Promise<Measured> {
  const { patchSize, batch, workers } = configuration;
  const shape = [`patches.size=${patchSize}`, `patches.batch=${batch}`];
  const set = [...SETTINGS, ...shape].flatMap((of) => ['--set', `spec.${of}`]);
  const size = ['--workers', String(workers), '--servers', String(SERVERS)];
  await wsi(['run', join(cohort, 'job.yaml'), '--output', output, ...size, ...set], {
    WSI_WINDOW_MILLISECONDS: '1000',
  });
  const lines = (await readFile(join(output, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const windows = lines
    .flatMap((line) => (JSON.parse(line) as { readonly window?: Window }).window ?? [])
    .filter((window) => window.workers === workers);
  const { measurement } = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as {
    readonly measurement: Measurement;
  };
  return {
    configuration,
    windows,
    workload: measurement.workload,
    peakBytes: measurement.memory['worker']?.peakBytes ?? 0,
  };
}

/** Fits to the one kind, predicts both. */
export function rowsOf(runs: readonly Measured[]): ModelErrorRow[] {
  const repeated = Map.groupBy(runs, ({ configuration }) => keyOf(configuration));
  const all = [...repeated.values()].map(bestOf);
  const isFitted = ({ configuration }: Measured): boolean =>
    FITTED.some((of) => keyOf(of) === keyOf(configuration));
  const seen = all.filter(isFitted);
  const throughput = fitShapes(seen.map(observationOf));
  const processor = fitShapes(seen.map(processorOf));
  const memory = fitMemory(seen.map((of) => ({ ...shapeOf(of), peakBytes: of.peakBytes })));
  if (throughput === undefined || processor === undefined || memory === undefined) return [];
  return all.map((of) => {
    const { configuration, workload, peakBytes } = of;
    const { tilesPerSecond: measured } = observationOf(of);
    const size = { workers: configuration.workers, servers: SERVERS };
    const predicted = predictShape(throughput, workload, size).tilesPerSecond;
    const predictedPeakBytes = predictMemory(memory, shapeOf(of)).peakBytes;
    const rates = repeated.get(keyOf(configuration))!.map((one) => observationOf(one).tilesPerSecond);
    return {
      bench: 'model',
      ...configuration,
      use: isFitted(of) ? 'fitted' : 'held out',
      measuredTilesPerSecond: measured,
      predictedTilesPerSecond: predicted,
      throughputError: predicted / measured - 1,
      steadiness: Math.min(...rates) / Math.max(...rates),
      ...processorErrors(of, processor),
      measuredPeakBytes: peakBytes,
      predictedPeakBytes,
      memoryError: predictedPeakBytes / peakBytes - 1,
    };
  });
}

/** Processor time as if one worker had done all: it does not depend on who did what. */
function processorOf(of: Measured): ShapeObservation {
  const seconds = of.windows.reduce((sum, { processorSeconds }) => sum + processorSeconds, 0);
  return { ...observationOf(of), workers: 1, seconds };
}

function processorErrors(
  of: Measured,
  model: ShapesModel,
): Pick<ModelErrorRow, 'measuredProcessorSeconds' | 'predictedProcessorSeconds' | 'processorError'> {
  const { tiles, seconds } = processorOf(of);
  const measured = seconds / tiles;
  const predicted = 1 / predictShape(model, of.workload, { workers: 1, servers: SERVERS }).tilesPerSecond;
  return {
    measuredProcessorSeconds: measured,
    predictedProcessorSeconds: predicted,
    processorError: predicted / measured - 1,
  };
}

function keyOf({ patchSize, batch, workers }: Configuration): string {
  return `${patchSize}/${batch}/${workers}`;
}

/** The faster half of all windows, and the largest peak. */
function bestOf(runs: readonly Measured[]): Measured {
  const windows = runs.flatMap((run) => run.windows).sort((a, b) => b.tilesPerSecond - a.tilesPerSecond);
  return {
    ...runs[0]!,
    windows: windows.slice(0, Math.max(1, Math.ceil(windows.length / 2))),
    peakBytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)),
  };
}

function observationOf({
  configuration,
  windows,
  workload,
}: Measured): ShapeObservation & { tilesPerSecond: number } {
  const sum = (of: (window: Window) => number): number =>
    windows.reduce((total, window) => total + of(window), 0);
  const [tiles, steps, seconds] = [sum((of) => of.tiles), sum((of) => of.steps), sum((of) => of.seconds)];
  return {
    workers: configuration.workers,
    servers: SERVERS,
    tiles,
    steps,
    seconds,
    phaseSeconds: {},
    workload,
    tilesPerSecond: tiles / seconds,
  };
}

function shapeOf({ workload }: Measured): Parameters<typeof predictMemory>[1] {
  const { patchSize, batch, parameterBytes } = workload;
  return { patchSize, batch, parameterBytes, cacheBytes: CACHE_BYTES };
}
