/**
 * A job in memory that trains at a speed that a test chooses: its coordinator measures what a real one would, its pods
 * find places or do not. Every pass over it is by an operator that has just been started.
 */
import { withObservation, type Observation, type Workload } from '@wsi-operator/autoscaler';
import type { AutoscalingStatus, WsiTrainingJob } from '@wsi-operator/api';
import { ManualClock } from '@wsi-operator/controller/testing';
import pino from 'pino';
import { LOCAL_SETTINGS, type ClusterSettings } from '../job/settings.ts';
import type { TrainingMeasurement } from '../autoscaling/index.ts';
import { Reconciler, type PassOutcome } from '../loop/reconciler.ts';
import { LABELS, type Role } from '../job/names.ts';
import { progressAt } from './builders.ts';
import { MemoryCluster } from './memory-cluster.ts';

const logger = pino({ level: 'silent' });
const MIB = 2 ** 20;
const TICK_SECONDS = 5;
const WINDOW_SECONDS = 20;

/** What a step takes beside its tiles. */
const FIXED_SECONDS = 0.2;

/** Steps of 16 blocks; 10 ms a tile on one worker, of which `parallel` do not slow each other. */
export function stepSeconds(workers: number, parallel = Infinity): number {
  return FIXED_SECONDS + 6.4 * Math.max(Math.ceil(16 / workers) / 16, 1 / parallel);
}

export class MeasuredJob {
  readonly clock = new ManualClock();
  readonly cluster: MemoryCluster;
  readonly workload: Workload = {
    tilesPerStep: 640,
    blocksPerStep: 16,
    parameterBytes: 4e6,
    patchSize: 224,
    batch: 16,
  };
  readonly settings: ClusterSettings;
  stepSeconds = stepSeconds;
  parallel = Infinity;
  silent = false;
  remainingTiles = 1e8;
  /** Workers that find places; the others wait. */
  places = Infinity;
  /** Of the scheduler's clock before the operator's, in milliseconds: no two are the same. */
  schedulerAhead = -86_400_000;
  readonly slowdowns = new Map<number, number>();
  readonly peaks: Record<Role, number> = { coordinator: 200 * MIB, server: 200 * MIB, worker: 400 * MIB };
  observations: readonly Observation[] = [];
  /** Sizes that ran, one for each change. */
  readonly sizes: number[] = [];
  outcome: PassOutcome | undefined;
  #window = { workers: 0, seconds: 0 };

  constructor(job: WsiTrainingJob, settings: ClusterSettings = LOCAL_SETTINGS) {
    this.settings = settings;
    this.cluster = new MemoryCluster(job, this.clock);
  }

  get job(): WsiTrainingJob {
    return this.cluster.job!;
  }

  get autoscaling(): AutoscalingStatus {
    return this.job.status?.autoscaling ?? {};
  }

  get running(): number {
    return this.#workers().filter(({ status }) => status?.phase === 'Running').length;
  }

  edit(change: (spec: WsiTrainingJob['spec']) => object): void {
    this.cluster.job = { ...this.job, spec: { ...this.job.spec, ...change(this.job.spec) } };
  }

  async minutes(count: number): Promise<void> {
    for (let second = 0; second < count * 60; second += TICK_SECONDS) await this.tick();
  }

  async tick(): Promise<void> {
    await this.runPass();
    this.#schedule();
    await this.clock.advance(TICK_SECONDS * 1000);
    this.#train();
  }

  /** Passes until nothing is to be done at once. */
  async runPass(): Promise<void> {
    for (let pass = 0; pass < 5; pass += 1) {
      const { cluster, clock, settings } = this;
      this.outcome = await new Reconciler({ cluster, clock, logger, settings }).reconcile('default/lung');
      if (this.outcome.kind !== 'done' || (this.outcome.requeueAfterMilliseconds ?? 1) > 0) return;
    }
  }

  events(reason: string): string[] {
    return this.cluster.events.filter((event) => event.reason === reason).map(({ message }) => message);
  }

  /** A process was killed for memory. */
  kill(name: string): void {
    this.cluster.end(name, 137);
    const found = this.cluster.pods.get(name)!;
    const [container] = found.status!.containerStatuses!;
    const terminated = { ...container!.state!.terminated!, reason: 'OOMKilled' };
    const status = { ...found.status, containerStatuses: [{ ...container!, state: { terminated } }] };
    this.cluster.pods.set(name, { ...found, status });
  }

  #workers() {
    return [...this.cluster.pods.values()].filter(
      ({ metadata }) => metadata?.labels?.[LABELS.role] === 'worker',
    );
  }

  /** Pods that leave are gone, those that wait start where there is room. */
  #schedule(): void {
    const { pods } = this.cluster;
    for (const [name, { metadata }] of pods) if (metadata?.deletionTimestamp !== undefined) pods.delete(name);
    let free = this.places - this.running;
    for (const [name, found] of pods) {
      if (found.status?.phase !== 'Pending') continue;
      const worker = found.metadata?.labels?.[LABELS.role] === 'worker';
      if (!worker || free > 0) pods.set(name, { ...found, status: { phase: 'Running' } });
      else if (found.status.conditions === undefined) {
        const lastTransitionTime = new Date(this.clock.now() + this.schedulerAhead).toISOString();
        const conditions = [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', lastTransitionTime },
        ];
        pods.set(name, { ...found, status: { phase: 'Pending', conditions } });
      }
      if (worker) free -= 1;
    }
  }

  #train(): void {
    const workers = this.running;
    if (workers > 0 && workers !== this.sizes.at(-1)) this.sizes.push(workers);
    if (workers !== this.#window.workers) this.#window = { workers, seconds: 0 };
    else this.#window.seconds += TICK_SECONDS;
    if (workers === 0 || this.silent) {
      this.cluster.progress = undefined;
      return;
    }
    const tiles = (this.workload.tilesPerStep * TICK_SECONDS) / this.stepSeconds(workers, this.parallel);
    this.remainingTiles = Math.max(0, this.remainingTiles - tiles);
    if (this.#window.seconds >= WINDOW_SECONDS) this.#closeWindow();
    this.cluster.progress = { ...progressAt(1), measurement: this.measurement() };
  }

  #closeWindow(): void {
    const { workers, seconds } = this.#window;
    const step = this.stepSeconds(workers, this.parallel);
    const steps = seconds / step;
    const computing = workers * (step - FIXED_SECONDS) * steps;
    this.observations = withObservation(this.observations, {
      workers,
      servers: this.job.spec.parameterServers.replicas,
      tiles: steps * this.workload.tilesPerStep,
      steps,
      seconds,
      phaseSeconds: {
        forward: 0.4 * computing,
        backward: 0.6 * computing,
        barrierWait: FIXED_SECONDS * workers * steps,
      },
    });
    this.#window = { workers, seconds: 0 };
  }

  measurement(): TrainingMeasurement {
    const memory = (role: Role) => {
      const bytes = this.peaks[role];
      return { residentBytes: bytes, peakBytes: bytes, deviceBytes: 0, devicePeakBytes: 0, peaks: [] };
    };
    return {
      workload: this.workload,
      device: 'cpu',
      observations: this.observations,
      workers: this.#workers().map(({ metadata }) => {
        const replica = Number(metadata?.labels?.[LABELS.replica]);
        const bytes = this.peaks.worker;
        return {
          replica,
          instance: metadata?.uid ?? '',
          tilesPerSecond: 100 / (this.slowdowns.get(replica) ?? 1),
          seconds: 60,
          residentBytes: bytes,
          peakResidentBytes: bytes,
          deviceBytes: 0,
          devicePeakBytes: 0,
        };
      }),
      memory: { coordinator: memory('coordinator'), server: memory('server'), worker: memory('worker') },
      remainingTiles: Math.round(this.remainingTiles),
      joinSeconds: 5,
    };
  }
}
