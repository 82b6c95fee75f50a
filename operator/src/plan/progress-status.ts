/**
 * The coordinator's word on the run, as fields of the status: rounded and worded for people. Nothing is cleared while it
 * does not answer. That the API server takes its numbers and texts was seen to when it was heard: `boundedProgress`.
 */
import { formatDuration, type WsiTrainingJobStatus } from '@wsi-operator/api';
import type { TrainingMeasurement } from '../autoscaling/index.ts';
import type { TrainingProgress } from './training-progress.ts';

/** The longest of them; the status has room for no more. */
const MOST_PHASES = 16;

/** @param checkpointLeft step of the checkpoint that a coordinator wrote when it was stopped */
export function progressStatus(
  progress: TrainingProgress | undefined,
  checkpointLeft = 0,
): Partial<WsiTrainingJobStatus> {
  if (progress === undefined) return checkpointStatus(checkpointLeft);
  const {
    epoch,
    epochs,
    step,
    steps,
    stepTiles = 0,
    stepTilesDone: done = 0,
    etaSeconds: eta = 0,
  } = progress;
  const part = stepTiles === 0 || step >= steps ? 0 : Math.min(0.999, done / stepTiles);
  const fraction = steps === 0 ? 0 : Math.min(1, (step + part) / steps);
  return {
    progress: {
      epoch,
      epochs,
      step,
      steps,
      fraction,
      ...(stepTiles === 0 ? {} : { stepTiles, stepTilesDone: Math.min(stepTiles, done) }),
      ...surveyOf(progress),
      summary: `${Math.floor(fraction * 100)}% ${epoch}/${epochs} epochs`,
      ...(eta === 0 ? {} : { etaSeconds: eta, eta: formatDuration(Math.ceil(eta)) }),
    },
    // As people read it; the column of kubectl shows every digit.
    throughput: {
      tilesPerSecond: Math.round(progress.tilesPerSecond * 10) / 10,
      ...windowOf(progress.measurement),
    },
    memory: { ...memoryOf(progress.peakMemoryBytes), ...measuredMemory(progress.measurement) },
    metrics: progress.metrics,
    ...(progress.parametersSha256 === '' ? {} : { parametersSha256: progress.parametersSha256 }),
    ...checkpointStatus(Math.max(progress.checkpointStep, checkpointLeft)),
    message: words(progress),
  };
}

function checkpointStatus(step: number): Pick<WsiTrainingJobStatus, 'checkpoint'> {
  return step === 0 ? {} : { checkpoint: { step } };
}

function surveyOf({
  slides = 0,
  surveyedSlides = 0,
  surveyedTiles = 0,
}: TrainingProgress): Pick<
  NonNullable<WsiTrainingJobStatus['progress']>,
  'slides' | 'surveyedSlides' | 'surveyedTiles'
> {
  return slides === 0 ? {} : { slides, surveyedSlides, surveyedTiles };
}

/** Milliseconds, and tenths of tiles: more digits are noise. */
function windowOf(
  measurement: TrainingMeasurement | undefined,
): Pick<NonNullable<WsiTrainingJobStatus['throughput']>, 'window'> {
  const window = measurement?.window;
  if (window === undefined) return {};
  const phases = Object.entries(window.phaseSeconds)
    .filter(([, seconds]) => seconds > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_PHASES);
  const bottleneck = phases[0]?.[0];
  return {
    window: {
      workers: window.workers,
      servers: window.servers,
      steps: Math.floor(window.steps),
      tiles: Math.floor(window.tiles),
      seconds: rounded(window.seconds),
      tilesPerSecond: rounded(window.tilesPerSecond),
      phaseSeconds: Object.fromEntries(phases.map(([phase, seconds]) => [phase, rounded(seconds)])),
      ...(bottleneck === undefined ? {} : { bottleneck }),
      bytesSent: window.bytesSent,
      bytesReceived: window.bytesReceived,
      processorSeconds: rounded(window.processorSeconds),
    },
  };
}

function measuredMemory(
  measurement: TrainingMeasurement | undefined,
): Pick<NonNullable<WsiTrainingJobStatus['memory']>, 'current' | 'device'> {
  if (measurement === undefined) return {};
  const resident = Object.entries(measurement.memory).map(
    ([role, memory]) => [role, memory.residentBytes] as const,
  );
  const device = measurement.memory['worker']?.devicePeakBytes ?? 0;
  return {
    current: memoryOf(Object.fromEntries(resident)),
    ...(device === 0 ? {} : { device }),
  };
}

function memoryOf(bytes: Readonly<Record<string, number>>): {
  coordinator?: number;
  parameterServers?: number;
  workers?: number;
} {
  const { coordinator, server: parameterServers, worker: workers } = bytes;
  return {
    ...(coordinator === undefined ? {} : { coordinator }),
    ...(parameterServers === undefined ? {} : { parameterServers }),
    ...(workers === undefined ? {} : { workers }),
  };
}

/** `training`, `surveying 42%`, or what the coordinator itself says. */
function words({ phase, fraction, message }: TrainingProgress): string {
  if (message !== '') return message;
  const partly = phase !== 'training' && fraction > 0 && fraction < 1;
  return partly ? `${phase} ${Math.floor(fraction * 100)}%` : phase;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
