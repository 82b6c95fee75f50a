/** `result.json` and `predictions.json`: what a finished run leaves for people and programs. */
import { join } from 'node:path';
import { writeFileAtomically } from '@wsi-operator/foundation';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Measurement, Usage } from '@wsi-operator/protocol';
import { metricsOfSplit, verdictOf, type Verdict } from '@wsi-operator/statistics';
import { readSetup } from '@wsi-operator/setup/locations';
import type { Prediction } from '../../scoring/prediction.ts';
import { evaluationOf } from './evaluation.ts';
import { programVersion } from '../../program-version.ts';
import { positiveIndex, type ModelDescription } from '../../plan/model.ts';
import type { Progress } from '../run/progress.ts';
import type { QuarantinedSlide } from '../survey/quarantine.ts';
import type { WrittenSelection } from '../../selection/selection.ts';
import { writtenEvaluation, type WrittenEvaluation, type WrittenPrediction } from './result-evaluation.ts';

export interface RunResult {
  readonly parametersSha256: string;
  readonly steps: number;
  /** Which epoch the parameters are of and why, where one was chosen. */
  readonly selection?: WrittenSelection;
  /** Tiles that went through a training step. */
  readonly tiles: number;
  /** Tiles of training by seconds of training, over all starts of the run. */
  readonly tilesPerSecond: number;
  readonly trainingSeconds: number;
  /** By split: `test.auc`, `validation.cIndex`... */
  readonly metrics: Readonly<Record<string, number>>;
  /** By split: the same metrics with their intervals, and who they are of. */
  readonly evaluation: Readonly<Record<string, WrittenEvaluation>>;
  /** The most trusted split in plain words. */
  readonly verdict: Pick<Verdict, 'kind' | 'split' | 'headline' | 'result' | 'reasons' | 'next'>;
  /** Classification: names by index, and the class that a score is the probability of. */
  readonly classes?: readonly string[];
  readonly positiveClass?: string;
  /** Summed over all processes of this start. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
  /** The largest process of each role. */
  readonly peakMemoryBytes: Readonly<Record<string, number>>;
  /** Windows by size, memory by role and its growth, what decides the cost: for whoever sizes the next run like this. */
  readonly measurement?: Measurement;
  readonly restarts: Readonly<Record<string, number>>;
  /** Slides of the table that the run left out, with the reason. */
  readonly quarantined: readonly QuarantinedSlide[];
  /** What was assumed of the cohort, rows that were left out, and slides that are there twice and allowed. */
  readonly notes: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly job: WsiTrainingJob;
}

export interface ResultSources {
  readonly job: WsiTrainingJob;
  readonly progress: Progress;
  readonly selection: WrittenSelection | undefined;
  readonly predictions: readonly Prediction[];
  readonly model: Pick<ModelDescription, 'classes' | 'positive'>;
  readonly workers: readonly Usage[];
  readonly servers: readonly Usage[];
  readonly coordinator: Usage;
  readonly measurement: Measurement | undefined;
  readonly restarts: Readonly<Record<string, number>>;
  readonly quarantined: readonly QuarantinedSlide[];
  readonly notes: readonly string[];
  /** Of the last epoch of training. */
  readonly epochLoss: number | undefined;
}

export function resultOf(sources: ResultSources): RunResult {
  const { progress, predictions, model } = sources;
  const evaluation = evaluationOf(predictions, model);
  const metrics: Record<string, number> = {};
  for (const split of ['train', 'validation', 'test']) {
    const values = Object.entries(metricsOfSplit(evaluation, split));
    for (const [name, value] of values) metrics[`${split}.${name}`] = value;
  }
  const { kind, split, headline, result, reasons, next } = verdictOf(evaluation);
  if (sources.epochLoss !== undefined) metrics['train.loss'] = sources.epochLoss;
  return {
    parametersSha256: progress.parametersSha256,
    steps: progress.steps,
    ...(sources.selection === undefined ? {} : { selection: sources.selection }),
    tiles: progress.tiles,
    tilesPerSecond: progress.trainingSeconds > 0 ? progress.tiles / progress.trainingSeconds : 0,
    trainingSeconds: progress.trainingSeconds,
    metrics,
    evaluation: writtenEvaluation(evaluation),
    verdict: { kind, split, headline, result, reasons, next },
    ...classesOf(model),
    phaseSeconds: sumPhases([...sources.workers, ...sources.servers, sources.coordinator]),
    peakMemoryBytes: {
      coordinator: sources.coordinator.peakResidentBytes,
      server: peak(sources.servers),
      worker: peak(sources.workers),
    },
    ...(sources.measurement === undefined ? {} : { measurement: sources.measurement }),
    restarts: sources.restarts,
    quarantined: sources.quarantined,
    notes: sources.notes,
    versions: versions(),
    job: sources.job,
  };
}

function classesOf(
  model: Pick<ModelDescription, 'classes' | 'positive'>,
): Pick<RunResult, 'classes' | 'positiveClass'> {
  const { classes } = model;
  if (classes.length === 0) return {};
  const positive = classes[positiveIndex(model) ?? -1];
  return { classes, ...(positive === undefined ? {} : { positiveClass: positive }) };
}

/** What computed the numbers: they are the same bits only where these are the same. */
function versions(): Record<string, string> {
  const { tensorflowVersion, tensorflowVariant } = readSetup();
  return {
    wsi: programVersion(),
    node: process.version,
    tensorflow: `${tensorflowVersion ?? 'unknown'} (${tensorflowVariant ?? 'unknown'})`,
    platform: `${process.platform}-${process.arch}`,
  };
}

export async function writeResult(
  directory: string,
  result: RunResult,
  predictions: readonly WrittenPrediction[],
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
