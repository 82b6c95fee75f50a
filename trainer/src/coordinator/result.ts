/** `result.json` and `predictions.json`: what a finished run leaves for people and programs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomically } from '@wsi/foundation';
import type { WsiTrainingJob } from '@wsi/api';
import type { Measurement, Usage } from '@wsi/protocol';
import { readSetup } from '../../../setup/locations.mjs';
import { metricsOf, type Prediction } from './evaluation.ts';
import type { Progress } from './progress.ts';
import type { QuarantinedSlide } from './quarantine.ts';

export interface RunResult {
  readonly parametersSha256: string;
  readonly steps: number;
  /** Tiles that went through a training step. */
  readonly tiles: number;
  /** Tiles of training by seconds of training, over all starts of the run. */
  readonly tilesPerSecond: number;
  readonly trainingSeconds: number;
  /** By split: `test.auc`, `validation.cIndex`... */
  readonly metrics: Readonly<Record<string, number>>;
  /** Summed over all processes of this start. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
  /** The largest process of each role. */
  readonly peakMemoryBytes: Readonly<Record<string, number>>;
  /** Windows by size, memory by role and its growth, what decides the cost: for whoever sizes the next run like this. */
  readonly measurement?: Measurement;
  readonly restarts: Readonly<Record<string, number>>;
  /** Slides of the table that the run left out, with the reason. */
  readonly quarantined: readonly QuarantinedSlide[];
  readonly versions: Readonly<Record<string, string>>;
  readonly job: WsiTrainingJob;
}

export interface ResultSources {
  readonly job: WsiTrainingJob;
  readonly progress: Progress;
  readonly predictions: readonly Prediction[];
  readonly workers: readonly Usage[];
  readonly servers: readonly Usage[];
  readonly coordinator: Usage;
  readonly measurement: Measurement | undefined;
  readonly restarts: Readonly<Record<string, number>>;
  readonly quarantined: readonly QuarantinedSlide[];
}

export function resultOf(sources: ResultSources): RunResult {
  const { progress, predictions } = sources;
  const metrics: Record<string, number> = {};
  for (const split of ['train', 'validation', 'test']) {
    const of = predictions.filter((prediction) => prediction.split === split);
    for (const [name, value] of Object.entries(metricsOf(of))) metrics[`${split}.${name}`] = value;
  }
  if (progress.metrics['loss'] !== undefined) metrics['train.loss'] = progress.metrics['loss'];
  return {
    parametersSha256: progress.parametersSha256,
    steps: progress.steps,
    tiles: progress.tiles,
    tilesPerSecond: progress.trainingSeconds > 0 ? progress.tiles / progress.trainingSeconds : 0,
    trainingSeconds: progress.trainingSeconds,
    metrics,
    phaseSeconds: sumPhases([...sources.workers, ...sources.servers, sources.coordinator]),
    peakMemoryBytes: {
      coordinator: sources.coordinator.peakResidentBytes,
      server: peak(sources.servers),
      worker: peak(sources.workers),
    },
    ...(sources.measurement === undefined ? {} : { measurement: sources.measurement }),
    restarts: sources.restarts,
    quarantined: sources.quarantined,
    versions: versions(),
    job: sources.job,
  };
}

/** What computed the numbers: they are the same bits only where these are the same. */
function versions(): Record<string, string> {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { tensorflowVersion, tensorflowVariant } = readSetup();
  return {
    wsi: (JSON.parse(manifest) as { readonly version: string }).version,
    node: process.version,
    tensorflow: `${tensorflowVersion ?? 'unknown'} (${tensorflowVariant ?? 'unknown'})`,
    platform: `${process.platform}-${process.arch}`,
  };
}

export async function writeResult(
  directory: string,
  result: RunResult,
  predictions: readonly Prediction[],
): Promise<void> {
  await writeFileAtomically(
    join(directory, 'predictions.json'),
    `${JSON.stringify(predictions, undefined, 1)}\n`,
  );
  // Last: its presence says that the run is complete.
  await writeFileAtomically(join(directory, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`);
}

export function sumPhases(usages: readonly Usage[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { phaseSeconds } of usages) {
    for (const [phase, seconds] of Object.entries(phaseSeconds)) sums[phase] = (sums[phase] ?? 0) + seconds;
  }
  return sums;
}

export function peak(usages: readonly Usage[]): number {
  return Math.max(0, ...usages.map(({ peakResidentBytes }) => peakResidentBytes));
}
