/**
 * The coordinator's word on the run, as fields of the status. Nothing is cleared while it does not answer. What it says
 * is bounded: a number that is none, or a text without end, would make the API server refuse the whole status.
 */
import { formatDuration, type WsiTrainingJobStatus } from '@wsi/api';
import type { TrainingMeasurement, TrainingProgress } from '../cluster/port.ts';

const MOST_METRICS = 200;
const LONGEST_MESSAGE = 4_000;
const MOST_PHASES = 16;
const PHASE = /^[A-Za-z]{1,32}$/;
const DIGEST = /^[0-9a-f]{64}$/;

export function progressStatus(progress: TrainingProgress | undefined): Partial<WsiTrainingJobStatus> {
  if (progress === undefined) return {};
  const [epoch, epochs] = [whole(progress.epoch), whole(progress.epochs)];
  const [step, steps] = [whole(progress.step), whole(progress.steps)];
  const fraction = steps === 0 ? 0 : Math.min(1, step / steps);
  const eta = positive(progress.etaSeconds ?? 0);
  const checkpoint = whole(progress.checkpointStep);
  return {
    progress: {
      epoch,
      epochs,
      step,
      steps,
      fraction,
      summary: `${Math.floor(fraction * 100)}% ${epoch}/${epochs} epochs`.slice(0, 64),
      ...(eta === 0 ? {} : { etaSeconds: eta, eta: formatDuration(Math.ceil(eta)).slice(0, 32) }),
    },
    // As people read it; the column of kubectl shows every digit.
    throughput: {
      tilesPerSecond: Math.round(positive(progress.tilesPerSecond) * 10) / 10,
      ...windowOf(progress.measurement),
    },
    memory: { ...memoryOf(progress.peakMemoryBytes), ...measuredMemory(progress.measurement) },
    metrics: finite(progress.metrics),
    ...(DIGEST.test(progress.parametersSha256) ? { parametersSha256: progress.parametersSha256 } : {}),
    ...(checkpoint === 0 ? {} : { checkpoint: { step: checkpoint } }),
    message: words(progress).slice(0, LONGEST_MESSAGE),
  };
}

/** Milliseconds, and tenths of tiles: more digits are noise. */
function windowOf(
  measurement: TrainingMeasurement | undefined,
): Pick<NonNullable<WsiTrainingJobStatus['throughput']>, 'window'> {
  const window = measurement?.window;
  if (window === undefined) return {};
  const phases = Object.entries(window.phaseSeconds)
    .filter(([phase, seconds]) => PHASE.test(phase) && positive(seconds) > 0)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_PHASES);
  const bottleneck = phases[0]?.[0];
  return {
    window: {
      workers: whole(window.workers),
      servers: whole(window.servers),
      steps: whole(window.steps),
      tiles: whole(window.tiles),
      seconds: rounded(window.seconds),
      tilesPerSecond: rounded(window.tilesPerSecond),
      phaseSeconds: Object.fromEntries(phases.map(([phase, seconds]) => [phase, rounded(seconds)])),
      ...(bottleneck === undefined ? {} : { bottleneck }),
      bytesSent: whole(window.bytesSent),
      bytesReceived: whole(window.bytesReceived),
      processorSeconds: rounded(window.processorSeconds),
    },
  };
}

function measuredMemory(
  measurement: TrainingMeasurement | undefined,
): Pick<NonNullable<WsiTrainingJobStatus['memory']>, 'current' | 'device'> {
  if (measurement === undefined) return {};
  const resident = Object.entries(measurement.memory).map(([role, of]) => [role, of.residentBytes] as const);
  const device = whole(measurement.memory['worker']?.devicePeakBytes ?? 0);
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
  const of = (role: string): number => whole(bytes[role] ?? 0);
  return {
    ...(bytes['coordinator'] === undefined ? {} : { coordinator: of('coordinator') }),
    ...(bytes['server'] === undefined ? {} : { parameterServers: of('server') }),
    ...(bytes['worker'] === undefined ? {} : { workers: of('worker') }),
  };
}

/** `training`, `surveying 42%`, or what the coordinator itself says. */
function words({ phase, fraction, message }: TrainingProgress): string {
  if (message !== '') return message;
  const partly = phase !== 'training' && fraction > 0 && fraction < 1;
  return partly ? `${phase} ${Math.floor(fraction * 100)}%` : phase;
}

/** JSON has no NaN: a metric that has none yet is left out. */
function finite(metrics: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(metrics).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(entries.slice(0, MOST_METRICS));
}

function positive(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.min(value, Number.MAX_SAFE_INTEGER) : 0;
}

function rounded(value: number): number {
  return Math.round(positive(value) * 1000) / 1000;
}

/** A count, whatever was sent for it. */
export function whole(value: number): number {
  return Math.floor(positive(value));
}
