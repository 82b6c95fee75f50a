/** Jobs that arrive: drawn from a seed, or read from a file. What is true of them is hidden from the policies. */
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import type { Shape } from '../model/performance-model.ts';
import type { Workload } from '../model/observation.ts';

/** How fast a job really is. It has terms that no policy's model has; see `trueStepSeconds`. */
export interface Truth {
  readonly fixedSeconds: number;
  readonly tileSeconds: number;
  /** Seconds to send the parameters to one worker by one server. */
  readonly parameterSeconds: number;
  readonly perWorkerSeconds: number;
  /** Growth of `perWorkerSeconds` with the workers: w^exponent. */
  readonly exponent: number;
  /** How much later the last of many workers ends: 1 + tail ln w. */
  readonly tail: number;
  /** How much slower tiles are when all devices are busy: they share disks and links. */
  readonly contention: number;
}

export interface TracedJob {
  readonly id: string;
  readonly arrivalSeconds: number;
  readonly tiles: number;
  readonly shape: Shape;
  readonly workload: Workload;
  readonly servers: number;
  readonly maximumWorkers: number;
  readonly truth: Truth;
}

export interface TraceOptions {
  readonly jobs: number;
  readonly seed: number;
  readonly devices: number;
  /** Work that arrives, in device hours at one worker an hour, as a share of the devices. */
  readonly load: number;
}

interface Kind {
  readonly encoder: string;
  readonly patchSize: number;
  readonly batch: number;
  /** Of one tile on one device, both passes. */
  readonly tileSeconds: number;
  readonly parameterBytes: number;
}

const KINDS: readonly Kind[] = [
  { encoder: 'tiny', patchSize: 64, batch: 32, tileSeconds: 0.0008, parameterBytes: 0.6e6 },
  { encoder: 'tiny', patchSize: 224, batch: 16, tileSeconds: 0.006, parameterBytes: 0.6e6 },
  { encoder: 'resnet18', patchSize: 224, batch: 16, tileSeconds: 0.04, parameterBytes: 45e6 },
  { encoder: 'resnet18', patchSize: 256, batch: 32, tileSeconds: 0.05, parameterBytes: 45e6 },
  { encoder: 'resnet50', patchSize: 224, batch: 8, tileSeconds: 0.09, parameterBytes: 94e6 },
  { encoder: 'resnet50', patchSize: 512, batch: 8, tileSeconds: 0.45, parameterBytes: 94e6 },
];

/** How jobs of a kind coordinate, as shares of a step on one device; drawn once a kind. */
interface Habits {
  readonly fixed: number;
  readonly perWorker: number;
  readonly exponent: number;
  readonly tail: number;
  readonly contention: number;
}

/** Jobs of one kind differ from each other by about so much, in each of these. */
const DEVIATION = 0.2;

/** Work of a job in device hours: log-normal, as in traces of training clusters, within bounds. */
const WORK = { median: 3, sigma: 1.1, least: 0.3, most: 60 } as const;

function drawHabits(seed: number, { encoder, patchSize }: Kind): Habits {
  const random = new RandomStream(seed, `kind/${encoder}/${patchSize}`);
  const between = (least: number, most: number): number => least * (most / least) ** random.uniform();
  return {
    fixed: between(0.002, 0.03),
    perWorker: between(0.0002, 0.004),
    exponent: between(0.9, 1.2),
    tail: between(0.005, 0.04),
    contention: between(0.02, 0.15),
  };
}

export function drawTrace({ jobs, seed, devices, load }: TraceOptions): readonly TracedJob[] {
  const random = new RandomStream(seed, 'trace');
  // Of the distribution without its bounds: close enough, and the same for all seeds.
  const meanHours = WORK.median * Math.exp(WORK.sigma ** 2 / 2);
  const secondsBetween = (meanHours * 3600) / (load * devices);
  let arrivalSeconds = 0;
  return Array.from({ length: jobs }, (_, i) => {
    arrivalSeconds += -Math.log(1 - random.uniform()) * secondsBetween;
    const kind = KINDS[random.integer(KINDS.length)]!;
    const hours = WORK.median * Math.exp(WORK.sigma * random.normal());
    const work = Math.min(WORK.most, Math.max(WORK.least, hours));
    const habits = drawHabits(seed, kind);
    return drawJob(`job-${i + 1}`, arrivalSeconds, { kind, habits, hours: work }, random);
  });
}

function drawJob(
  id: string,
  arrivalSeconds: number,
  { kind, habits, hours = 0, tiles }: { kind: Kind; habits: Habits; hours?: number; tiles?: number },
  random: RandomStream,
): TracedJob {
  const between = (least: number, most: number): number => least * (most / least) ** random.uniform();
  const differing = (value: number): number => value * Math.exp(DEVIATION * random.normal());
  const tileSeconds = kind.tileSeconds * between(0.9, 1.1);
  // Steps of one to six minutes on one device, in whole blocks of four shards.
  const block = 4 * kind.batch;
  const blocksPerStep = Math.max(16, Math.round(between(60, 360) / tileSeconds / block));
  const tilesPerStep = blocksPerStep * block;
  const stepSeconds = tilesPerStep * tileSeconds;
  const total = tiles ?? (hours * 3600) / tileSeconds;
  return {
    id,
    arrivalSeconds,
    tiles: Math.max(1, Math.round(total)),
    shape: {
      encoder: kind.encoder,
      aggregator: 'gatedAttention',
      patchSize: kind.patchSize,
      batch: kind.batch,
      device: 'simulated',
      threads: 1,
    },
    workload: {
      tilesPerStep,
      blocksPerStep,
      parameterBytes: kind.parameterBytes,
      patchSize: kind.patchSize,
      batch: kind.batch,
    },
    servers: kind.parameterBytes > 10e6 ? 2 : 1,
    maximumWorkers: 64,
    truth: {
      fixedSeconds: stepSeconds * differing(habits.fixed),
      tileSeconds,
      parameterSeconds: (3 * kind.parameterBytes) / 1.2e9,
      perWorkerSeconds: stepSeconds * differing(habits.perWorker),
      exponent: habits.exponent,
      tail: differing(habits.tail),
      contention: differing(habits.contention),
    },
  };
}

const COLUMNS = ['arrival_seconds', 'encoder', 'patch_size', 'tiles'] as const;

/**
 * A trace from CSV with a header: arrival_seconds, encoder, patch_size, tiles. What the file does not say (how steps
 * are made up, how a job scales) is drawn from the seed.
 * @throws WsiError InvalidArgument, naming the line
 */
export function traceFromCsv(text: string, seed: number, where: string): readonly TracedJob[] {
  const lines = text.split(/\r?\n/u).filter((line) => line.trim() !== '');
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const missing = COLUMNS.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new WsiError('InvalidArgument', `has no column ${missing.join(', ')}`, {
      where,
      remedy: `The first line must name the columns: ${COLUMNS.join(',')}.`,
    });
  }
  const random = new RandomStream(seed, 'trace');
  const jobs = lines.slice(1).map((line, i) => {
    const cells = line.split(',').map((cell) => cell.trim());
    const cell = (column: string): string => cells[header.indexOf(column)] ?? '';
    const number = (column: string): number => positive(cell(column), `${where}, line ${i + 2}, ${column}`);
    const patchSize = number('patch_size');
    const kind = nearestKind(cell('encoder'), patchSize, `${where}, line ${i + 2}, encoder`);
    const arrival = positive(cell('arrival_seconds'), `${where}, line ${i + 2}, arrival_seconds`, 0);
    const scaled = { ...kind, patchSize, tileSeconds: kind.tileSeconds * (patchSize / kind.patchSize) ** 2 };
    const what = { kind: scaled, habits: drawHabits(seed, kind), tiles: number('tiles') };
    return drawJob(`job-${i + 1}`, arrival, what, random);
  });
  if (jobs.length === 0) throw new WsiError('InvalidArgument', 'has no jobs', { where });
  return jobs.sort((a, b) => a.arrivalSeconds - b.arrivalSeconds);
}

function nearestKind(encoder: string, patchSize: number, where: string): Kind {
  const known = KINDS.filter((kind) => kind.encoder === encoder);
  if (known.length === 0) {
    const names = [...new Set(KINDS.map((kind) => kind.encoder))].join(', ');
    throw new WsiError('InvalidArgument', `"${encoder}" is not one of ${names}`, { where });
  }
  const distance = (kind: Kind): number => Math.abs(Math.log(kind.patchSize / patchSize));
  return known.reduce((a, b) => (distance(b) < distance(a) ? b : a));
}

function positive(text: string, where: string, least = 1): number {
  const value = text === '' ? NaN : Number(text);
  if (!Number.isFinite(value) || value < least) {
    throw new WsiError('InvalidArgument', `"${text}" is not a number of at least ${least}`, { where });
  }
  return value;
}
