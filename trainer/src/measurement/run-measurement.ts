/**
 * What a run measures of itself, on the coordinator: windows and what is kept of them, memory by role, how long workers
 * take to join. The numbers are for those who size and watch the run; nothing that is computed depends on them.
 */
import { withObservation, type Observation } from '@wsi-operator/autoscaler';
import { isRecord, type Clock } from '@wsi-operator/foundation';
import type { Measurement, Usage, Window, WorkerMeasurement } from '@wsi-operator/protocol';
import { Memory } from './memory.ts';
import { Windows, type ClosedWindow, type WorkerRate } from './windows.ts';
import type { WorkPlan } from '../plan/workload.ts';

/** Notified by the pool of its workers. Names are unique for each process. */
export interface WorkerObserver {
  joined(
    worker: string,
    hello: { readonly replica: number; readonly instance: string; readonly device: string },
  ): void;
  left(worker: string): void;
  reported(worker: string, usage: Usage): void;
  /** It completed a task. */
  completed(worker: string): void;
  /** Whether it holds a lease. */
  busy(worker: string, holds: boolean): void;
}

/** What a checkpoint keeps. */
export interface StoredMeasurement {
  readonly observations: readonly Observation[];
  readonly joinSeconds: readonly number[];
}

/** Joins that the mean is of. */
const RECENT_JOINS = 8;
/** More sizes than a run tries are no measurement of ours. */
const MOST_OBSERVATIONS = 1000;

interface Connected {
  readonly replica: number;
  readonly instance: string;
  readonly device: string;
  /** Undefined once it completed a task. */
  joinedAt: number | undefined;
  usage: Usage | undefined;
  rate: WorkerRate | undefined;
}

export class RunMeasurement implements WorkerObserver {
  readonly #clock: Clock;
  readonly #started: number;
  readonly #windows: Windows;
  readonly #memory = new Memory();
  readonly #connected = new Map<string, Connected>();
  #device = 'cpu';
  #observations: readonly Observation[] = [];
  #joins: readonly number[] = [];
  #newest: ClosedWindow | undefined;
  #closed: ClosedWindow[] = [];

  constructor(clock: Clock, options: { readonly windowSeconds: number; readonly servers: number }) {
    this.#clock = clock;
    this.#started = clock.monotonic();
    this.#windows = new Windows({ seconds: options.windowSeconds, servers: options.servers });
  }

  joined(worker: string, { replica, instance, device }: Parameters<WorkerObserver['joined']>[1]): void {
    const now = this.#clock.monotonic();
    this.#windows.join(worker, now);
    this.#connected.set(worker, {
      replica,
      instance,
      device,
      joinedAt: now,
      usage: undefined,
      rate: undefined,
    });
    this.#device = [...this.#connected.values()].some((of) => of.device === 'gpu') ? 'gpu' : 'cpu';
  }

  left(worker: string): void {
    this.#take(this.#windows.leave(worker));
    this.#connected.delete(worker);
  }

  reported(worker: string, usage: Usage): void {
    this.#take(this.#windows.report(worker, usage, this.#clock.monotonic()));
    const connected = this.#connected.get(worker);
    if (connected !== undefined) connected.usage = usage;
  }

  completed(worker: string): void {
    const connected = this.#connected.get(worker);
    if (connected?.joinedAt === undefined) return;
    const seconds = (this.#clock.monotonic() - connected.joinedAt) / 1000;
    connected.joinedAt = undefined;
    this.#joins = [...this.#joins, seconds].slice(-RECENT_JOINS);
  }

  busy(worker: string, holds: boolean): void {
    if (holds) this.#windows.busy(worker, this.#clock.monotonic());
    else this.#windows.idle(worker, this.#clock.monotonic());
  }

  stepDone(
    step: number,
    tiles: number,
    others: { readonly servers: readonly Usage[]; readonly coordinator: Usage },
  ): void {
    const now = this.#clock.monotonic();
    this.#take(this.#windows.stepDone(step, tiles, now));
    this.noteMemory(others);
  }

  /** What was done since the last step was no training: a validation, a checkpoint. */
  skip(): void {
    this.#windows.skip(this.#clock.monotonic());
  }

  /** Training has ended, or goes back. */
  end(): void {
    this.#take(this.#windows.end());
  }

  noteMemory({
    servers,
    coordinator,
  }: {
    readonly servers: readonly Usage[];
    readonly coordinator: Usage;
  }): void {
    const seconds = (this.#clock.monotonic() - this.#started) / 1000;
    const workers = [...this.#connected.values()].flatMap(({ usage }) => usage ?? []);
    this.#memory.note('coordinator', [coordinator], seconds);
    this.#memory.note('server', servers, seconds);
    this.#memory.note('worker', workers, seconds);
  }

  /** Windows that were closed since the last call, oldest first. */
  takeClosed(): readonly ClosedWindow[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  store(): StoredMeasurement {
    return { observations: this.#observations, joinSeconds: this.#joins };
  }

  /** What an earlier start of this run has measured; ignored when it is nothing of ours, or when there is newer. */
  restore(stored: unknown): void {
    if (this.#observations.length > 0 || !isRecord(stored)) return;
    const { observations, joinSeconds } = stored;
    if (Array.isArray(observations)) {
      const kept = observations.slice(0, MOST_OBSERVATIONS).filter(isObservation);
      this.#observations = kept.reduce<readonly Observation[]>(withObservation, []);
    }
    if (Array.isArray(joinSeconds) && this.#joins.length === 0) {
      this.#joins = joinSeconds.filter(isCount).slice(-RECENT_JOINS);
    }
  }

  read(work: WorkPlan, at: { readonly step: number; readonly evaluated: number }): Measurement {
    return {
      workload: work.workload,
      device: this.#device,
      observations: this.#observations.map((observation) => ({
        ...observation,
        phaseSeconds: { ...observation.phaseSeconds },
      })),
      ...(this.#newest === undefined ? {} : { window: windowOf(this.#newest) }),
      workers: [...this.#connected.values()].map(workerOf),
      memory: this.#memory.read(),
      remainingTiles: work.remainingTiles(at.step, at.evaluated),
      joinSeconds: this.#joins.reduce((sum, seconds) => sum + seconds, 0) / Math.max(1, this.#joins.length),
    };
  }

  #take(window: ClosedWindow | undefined): void {
    if (window === undefined) return;
    const { workers, servers, tiles, steps, seconds, phaseSeconds } = window;
    this.#observations = withObservation(this.#observations, {
      workers,
      servers,
      tiles,
      steps,
      seconds,
      phaseSeconds,
    });
    for (const [worker, rate] of window.rates) {
      const connected = this.#connected.get(worker);
      if (connected !== undefined) connected.rate = rate;
    }
    this.#newest = window;
    this.#closed.push(window);
  }
}

/** As it travels and as `metrics.jsonl` has it. */
export function windowOf({ rates: _rates, from: _from, to: _to, ...window }: ClosedWindow): Window {
  return { ...window, phaseSeconds: { ...window.phaseSeconds } };
}

function workerOf({ replica, instance, usage, rate }: Connected): WorkerMeasurement {
  return {
    replica,
    instance,
    tilesPerSecond: rate?.tilesPerSecond ?? 0,
    seconds: rate?.seconds ?? 0,
    residentBytes: usage?.residentBytes ?? 0,
    peakResidentBytes: usage?.peakResidentBytes ?? 0,
    deviceBytes: usage?.deviceBytes ?? 0,
    devicePeakBytes: usage?.devicePeakBytes ?? 0,
  };
}

function isObservation(value: unknown): value is Observation {
  if (!isRecord(value) || !isRecord(value['phaseSeconds'])) return false;
  const { workers, servers, tiles, steps, seconds } = value;
  return [workers, servers, tiles, steps, seconds, ...Object.values(value['phaseSeconds'])].every(isCount);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
