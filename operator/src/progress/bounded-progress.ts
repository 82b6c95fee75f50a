/**
 * From whatever a coordinator has said to what the plan relies on: every field is there, of its type, in bounds, and such
 * as can be true. This is the one place that decides what is believed of what a coordinator answers; the few words of its
 * termination message are read in plan/finish.ts, and the autoscaler leaves out measurements that are no use to a model. A
 * coordinator runs what the job's author likes; its word is data of a stranger, and nothing here throws.
 */
import { MOST_SERVERS, ROLES } from '@wsi-operator/api';
import { isUsable, MOST_WORKERS } from '@wsi-operator/autoscaler';
import { isRecord } from '@wsi-operator/foundation';
import type {
  MeasuredMemory,
  MeasuredWindow,
  MeasuredWorker,
  TrainingMeasurement,
} from '../autoscaling/index.ts';
import type { TrainingProgress } from '../plan/training-progress.ts';

const MOST_METRICS = 200;
/** As the trainer names them: `validation.auc`. */
const METRIC = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
const RUN_PHASE = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;
/** What a worker's time goes to: `forward`. */
const PHASE = /^[A-Za-z]{1,32}$/;
const DEVICE = /^[a-z0-9-]{1,32}$/;
const ROLE = new RegExp(`^(${ROLES.join('|')})$`);
const DIGEST = /^[0-9a-f]{64}$/;
const LONGEST_MESSAGE = 4_000;
const MOST_PHASES = 24;
/** More sizes than that no job has run at that could be told apart. */
const MOST_OBSERVATIONS = 32;
const MOST_PEAKS = 16;
/** Neither tiles nor bytes nor seconds of any run come to more. */
const LARGEST = 1e15;
const SMALLEST = 1e-6;

/** @param said an answer that was decoded, a result that was read: of any shape */
export function boundedProgress(said: unknown): TrainingProgress {
  const of = recordOf(said);
  const { etaSeconds, measurement } = of;
  return {
    phase: wordOf(of['phase'], RUN_PHASE, 'training'),
    step: countOf(of['step']),
    steps: countOf(of['steps']),
    epoch: countOf(of['epoch']),
    epochs: countOf(of['epochs']),
    fraction: Math.min(1, numberOf(of['fraction'])),
    tiles: countOf(of['tiles']),
    tilesPerSecond: numberOf(of['tilesPerSecond']),
    ...(etaSeconds === undefined ? {} : { etaSeconds: numberOf(etaSeconds) }),
    metrics: numbersOf(of['metrics'], METRIC, MOST_METRICS, (value) => value),
    parametersSha256: wordOf(of['parametersSha256'], DIGEST, ''),
    checkpointStep: countOf(of['checkpointStep']),
    peakMemoryBytes: numbersOf(of['peakMemoryBytes'], ROLE, ROLES.length, countOf),
    workersConnected: countOf(of['workersConnected']),
    message: textOf(of['message'], LONGEST_MESSAGE),
    ...countsOf(of),
    ...(isRecord(measurement) ? { measurement: measurementOf(measurement) } : {}),
  };
}

const COUNTS = ['stepTiles', 'stepTilesDone', 'surveyedSlides', 'slides', 'surveyedTiles'] as const;

/** Absent where a result tells of the run, which does not know them. */
function countsOf(of: Readonly<Record<string, unknown>>): Partial<Record<(typeof COUNTS)[number], number>> {
  const known = COUNTS.filter((name) => of[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, countOf(of[name])]));
}

function measurementOf(of: Readonly<Record<string, unknown>>): TrainingMeasurement {
  const { window } = of;
  return {
    workload: workloadOf(recordOf(of['workload'])),
    device: wordOf(of['device'], DEVICE, 'cpu'),
    observations: listOf(of['observations'], MOST_OBSERVATIONS).map(windowOf).filter(isOfAJob),
    ...(isRecord(window) ? { window: newestOf(window) } : {}),
    workers: listOf(of['workers'], MOST_WORKERS).flatMap(workerOf),
    memory: memoryOf(of['memory']),
    remainingTiles: countOf(of['remainingTiles']),
    joinSeconds: numberOf(of['joinSeconds']),
  };
}

const NO_WORKLOAD = { tilesPerStep: 0, blocksPerStep: 0, parameterBytes: 0, patchSize: 0, batch: 0 };

/** Half a workload is none: nothing can be predicted from it. */
function workloadOf(of: Readonly<Record<string, unknown>>): TrainingMeasurement['workload'] {
  const needed = {
    tilesPerStep: numberOf(of['tilesPerStep']),
    blocksPerStep: numberOf(of['blocksPerStep']),
    patchSize: countOf(of['patchSize']),
    batch: countOf(of['batch']),
  };
  const isWhole = Object.values(needed).every((value) => value > 0) && isNumber(of['parameterBytes']);
  return isWhole ? { ...needed, parameterBytes: countOf(of['parameterBytes']) } : NO_WORKLOAD;
}

function windowOf(of: Readonly<Record<string, unknown>>): MeasuredWindow {
  return {
    workers: countOf(of['workers']),
    servers: countOf(of['servers']),
    tiles: numberOf(of['tiles']),
    steps: numberOf(of['steps']),
    seconds: numberOf(of['seconds']),
    phaseSeconds: numbersOf(of['phaseSeconds'], PHASE, MOST_PHASES),
  };
}

/** A window of a size that a job can have, in which something was done. */
function isOfAJob(window: MeasuredWindow): boolean {
  const { workers, servers, steps, seconds } = window;
  return (
    isUsable(window) && workers <= MOST_WORKERS && servers <= MOST_SERVERS && numberOf(seconds / steps) > 0
  );
}

function newestOf(of: Readonly<Record<string, unknown>>): NonNullable<TrainingMeasurement['window']> {
  return {
    ...windowOf(of),
    tilesPerSecond: numberOf(of['tilesPerSecond']),
    bytesSent: countOf(of['bytesSent']),
    bytesReceived: countOf(of['bytesReceived']),
    processorSeconds: numberOf(of['processorSeconds']),
  };
}

/** None for one that says no number: it is of no pod. */
function workerOf(of: Readonly<Record<string, unknown>>): MeasuredWorker[] {
  const { replica } = of;
  if (!isNumber(replica) || !Number.isInteger(replica)) return [];
  return [
    {
      replica,
      instance: textOf(of['instance'], 64),
      tilesPerSecond: numberOf(of['tilesPerSecond']),
      seconds: numberOf(of['seconds']),
      residentBytes: countOf(of['residentBytes']),
      peakResidentBytes: countOf(of['peakResidentBytes']),
      deviceBytes: countOf(of['deviceBytes']),
      devicePeakBytes: countOf(of['devicePeakBytes']),
    },
  ];
}

function memoryOf(said: unknown): Readonly<Record<string, MeasuredMemory>> {
  const roles = Object.entries(recordOf(said)).filter(([role]) => ROLE.test(role));
  const known = roles.map(([role, one]): [string, MeasuredMemory] => {
    const of = recordOf(one);
    const peaks = listOf(of['peaks'], MOST_PEAKS).flatMap(({ seconds, bytes }) =>
      isNumber(seconds) && countOf(bytes) > 0 ? [{ seconds, bytes: countOf(bytes) }] : [],
    );
    return [
      role,
      {
        residentBytes: countOf(of['residentBytes']),
        peakBytes: countOf(of['peakBytes']),
        deviceBytes: countOf(of['deviceBytes']),
        devicePeakBytes: countOf(of['devicePeakBytes']),
        peaks,
      },
    ];
  });
  return Object.fromEntries(known);
}

function isNumber(said: unknown): said is number {
  return typeof said === 'number' && said >= 0 && said <= LARGEST;
}

/** What is no number, less than nothing or more than there can be is 0: not known. */
function numberOf(said: unknown): number {
  return isNumber(said) && said >= SMALLEST ? said : 0;
}

function countOf(said: unknown): number {
  return Math.floor(numberOf(said));
}

/** The numbers of a map under names of this kind; those that are none are left out. */
function numbersOf(
  said: unknown,
  pattern: RegExp,
  most: number,
  change: (value: number) => number = numberOf,
): Record<string, number> {
  const entries = Object.entries(recordOf(said)).flatMap(([name, value]): [string, number][] =>
    pattern.test(name) && typeof value === 'number' && Number.isFinite(value) ? [[name, change(value)]] : [],
  );
  return Object.fromEntries(entries.slice(0, most));
}

function textOf(said: unknown, longest: number): string {
  return typeof said === 'string' ? said.slice(0, longest) : '';
}

function wordOf(said: unknown, pattern: RegExp, otherwise: string): string {
  return typeof said === 'string' && pattern.test(said) ? said : otherwise;
}

/** The newest of a list that is too long. */
function listOf(said: unknown, most: number): Readonly<Record<string, unknown>>[] {
  return Array.isArray(said) ? said.slice(-most).filter(isRecord) : [];
}

function recordOf(said: unknown): Readonly<Record<string, unknown>> {
  return isRecord(said) ? said : {};
}
