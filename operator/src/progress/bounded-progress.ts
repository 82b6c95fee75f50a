/**
 * From whatever a coordinator has said to what the plan relies on: every field is there, of its type, in bounds, and such
 * as can be true. This is the one place that decides what is believed of what a coordinator answers; its last word, which
 * nobody has asked for, is read in plan/last-word.ts, and the autoscaler leaves out measurements that are no use to a
 * model. A coordinator runs what the job's author likes; its word is data of a stranger, and nothing here throws.
 */
import { MOST_SERVERS } from '@wsi-operator/api';
import { isUsable, MOST_WORKERS } from '@wsi-operator/autoscaler';
import { isRecord } from '@wsi-operator/foundation';
import type {
  MeasuredMemory,
  MeasuredWindow,
  MeasuredWorker,
  TrainingMeasurement,
} from '../autoscaling/index.ts';
import type { TrainingProgress } from '../plan/training-progress.ts';
import {
  countOf,
  isNumber,
  listOf,
  numberOf,
  numbersOf,
  recordOf,
  ROLE,
  textOf,
  wordOf,
} from '../plan/believed.ts';
import { believedResult } from '../plan/last-word.ts';

const RUN_PHASE = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;
/** What a worker's time goes to: `forward`. */
const PHASE = /^[A-Za-z]{1,32}$/;
const DEVICE = /^[a-z0-9-]{1,32}$/;
const LONGEST_MESSAGE = 4_000;
const MOST_PHASES = 24;
/** More sizes than that no job has run at that could be told apart. */
const MOST_OBSERVATIONS = 32;
const MOST_PEAKS = 16;

/** @param said an answer that was decoded, of any shape */
export function boundedProgress(said: unknown): TrainingProgress {
  const answer = recordOf(said);
  const { etaSeconds, measurement } = answer;
  return {
    ...believedResult(answer),
    phase: wordOf(answer['phase'], RUN_PHASE, 'training'),
    step: countOf(answer['step']),
    epoch: countOf(answer['epoch']),
    epochs: countOf(answer['epochs']),
    fraction: Math.min(1, numberOf(answer['fraction'])),
    ...(etaSeconds === undefined ? {} : { etaSeconds: numberOf(etaSeconds) }),
    checkpointStep: countOf(answer['checkpointStep']),
    workersConnected: countOf(answer['workersConnected']),
    message: textOf(answer['message'], LONGEST_MESSAGE),
    ...countsOf(answer),
    ...(isRecord(measurement) ? { measurement: measurementOf(measurement) } : {}),
  };
}

const COUNTS = ['stepTiles', 'stepTilesDone', 'surveyedSlides', 'slides', 'surveyedTiles'] as const;

/** Absent where the answer does not have them. */
function countsOf(said: Readonly<Record<string, unknown>>): Partial<Record<(typeof COUNTS)[number], number>> {
  const known = COUNTS.filter((name) => said[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, countOf(said[name])]));
}

function measurementOf(said: Readonly<Record<string, unknown>>): TrainingMeasurement {
  const { window } = said;
  return {
    workload: workloadOf(recordOf(said['workload'])),
    device: wordOf(said['device'], DEVICE, 'cpu'),
    observations: listOf(said['observations'], MOST_OBSERVATIONS).map(windowOf).filter(isOfAJob),
    ...(isRecord(window) ? { window: newestOf(window) } : {}),
    workers: listOf(said['workers'], MOST_WORKERS).flatMap(workerOf),
    memory: memoryOf(said['memory']),
    remainingTiles: countOf(said['remainingTiles']),
    joinSeconds: numberOf(said['joinSeconds']),
  };
}

const NO_WORKLOAD = { tilesPerStep: 0, blocksPerStep: 0, parameterBytes: 0, patchSize: 0, batch: 0 };

/** Half a workload is none: nothing can be predicted from it. */
function workloadOf(said: Readonly<Record<string, unknown>>): TrainingMeasurement['workload'] {
  const needed = {
    tilesPerStep: numberOf(said['tilesPerStep']),
    blocksPerStep: numberOf(said['blocksPerStep']),
    patchSize: countOf(said['patchSize']),
    batch: countOf(said['batch']),
  };
  const isWhole = Object.values(needed).every((value) => value > 0) && isNumber(said['parameterBytes']);
  return isWhole ? { ...needed, parameterBytes: countOf(said['parameterBytes']) } : NO_WORKLOAD;
}

function windowOf(said: Readonly<Record<string, unknown>>): MeasuredWindow {
  return {
    workers: countOf(said['workers']),
    servers: countOf(said['servers']),
    tiles: numberOf(said['tiles']),
    steps: numberOf(said['steps']),
    seconds: numberOf(said['seconds']),
    phaseSeconds: numbersOf(said['phaseSeconds'], PHASE, MOST_PHASES),
  };
}

/** A window of a size that a job can have, in which something was done. */
function isOfAJob(window: MeasuredWindow): boolean {
  const { workers, servers, steps, seconds } = window;
  return (
    isUsable(window) && workers <= MOST_WORKERS && servers <= MOST_SERVERS && numberOf(seconds / steps) > 0
  );
}

function newestOf(said: Readonly<Record<string, unknown>>): NonNullable<TrainingMeasurement['window']> {
  return {
    ...windowOf(said),
    tilesPerSecond: numberOf(said['tilesPerSecond']),
    bytesSent: countOf(said['bytesSent']),
    bytesReceived: countOf(said['bytesReceived']),
    processorSeconds: numberOf(said['processorSeconds']),
  };
}

/** None for one that says no number: it is of no pod. */
function workerOf(said: Readonly<Record<string, unknown>>): MeasuredWorker[] {
  const { replica } = said;
  if (!isNumber(replica) || !Number.isInteger(replica)) return [];
  return [
    {
      replica,
      instance: textOf(said['instance'], 64),
      tilesPerSecond: numberOf(said['tilesPerSecond']),
      seconds: numberOf(said['seconds']),
      residentBytes: countOf(said['residentBytes']),
      peakResidentBytes: countOf(said['peakResidentBytes']),
      deviceBytes: countOf(said['deviceBytes']),
      devicePeakBytes: countOf(said['devicePeakBytes']),
    },
  ];
}

function memoryOf(said: unknown): Readonly<Record<string, MeasuredMemory>> {
  const roles = Object.entries(recordOf(said)).filter(([role]) => ROLE.test(role));
  const known = roles.map(([role, one]): [string, MeasuredMemory] => {
    const memory = recordOf(one);
    const peaks = listOf(memory['peaks'], MOST_PEAKS).flatMap(({ seconds, bytes }) =>
      isNumber(seconds) && countOf(bytes) > 0 ? [{ seconds, bytes: countOf(bytes) }] : [],
    );
    return [
      role,
      {
        residentBytes: countOf(memory['residentBytes']),
        peakBytes: countOf(memory['peakBytes']),
        deviceBytes: countOf(memory['deviceBytes']),
        devicePeakBytes: countOf(memory['devicePeakBytes']),
        peaks,
      },
    ];
  });
  return Object.fromEntries(known);
}
