/** A job in the simulation: its workers, what remains, what was measured of it. */
import { RandomStream } from '@wsi-operator/foundation';
import type { Conditions } from './conditions.ts';
import { withObservation, type Observation } from '../model/observation.ts';
import type { JobView } from './policy.ts';
import type { TracedJob } from './trace.ts';
import { trueComputeSeconds, trueStepSeconds } from './truth.ts';

interface Worker {
  readonly id: string;
  readonly node: number;
  readonly readyAt: number;
  /** Times slower than others. */
  readonly slowdown: number;
}

/** Shorter windows are not reported. */
const LEAST_WINDOW_SECONDS = 20;
/** Longer ones are, although nothing has changed. */
const WINDOW_SECONDS = 60;

export class RunningJob {
  readonly traced: TracedJob;
  readonly #conditions: Conditions;
  readonly #random: RandomStream;
  #workers: readonly Worker[] = [];
  #observations: readonly Observation[] = [];
  #remaining: number;
  #rate = 0;
  #computing = 0;
  #updatedAt = 0;
  #made = 0;
  #ready = 0;
  #window = { tiles: 0, seconds: 0 };
  #version = 0;
  #deviceSeconds = 0;
  #rescales = 0;

  constructor(traced: TracedJob, conditions: Conditions, seed: number) {
    this.traced = traced;
    this.#conditions = conditions;
    this.#random = new RandomStream(seed, `job/${traced.id}`);
    this.#remaining = traced.tiles;
    this.#updatedAt = traced.arrivalSeconds;
  }

  get workers(): readonly Worker[] {
    return this.#workers;
  }

  get nodes(): ReadonlySet<number> {
    return new Set(this.#workers.map(({ node }) => node));
  }

  get version(): number {
    return this.#version;
  }

  get deviceSeconds(): number {
    return this.#deviceSeconds;
  }

  get rescales(): number {
    return this.#rescales;
  }

  advance(now: number): void {
    const seconds = now - this.#updatedAt;
    this.#updatedAt = now;
    if (seconds <= 0) return;
    this.#remaining = Math.max(0, this.#remaining - this.#rate * seconds);
    this.#deviceSeconds += this.#workers.length * seconds;
    this.#window.tiles += this.#rate * seconds;
    this.#window.seconds += seconds;
  }

  /** @returns seconds until it ends at the rate that it has now; undefined when that did not change */
  setRate(now: number, busy: number): number | undefined {
    const ready = this.#workers.filter(({ readyAt }) => readyAt <= now);
    const workers = ready.length;
    if (workers !== this.#ready || this.#window.seconds >= WINDOW_SECONDS) this.#closeWindow();
    this.#ready = workers;
    const effective = ready.reduce((sum, { slowdown }) => sum + 1 / slowdown, 0);
    const circumstances = { workers, effective, busy };
    const step = workers === 0 ? Infinity : trueStepSeconds(this.traced, circumstances);
    const rate = workers === 0 ? 0 : this.traced.workload.tilesPerStep / step;
    if (rate === this.#rate) return undefined;
    this.#rate = rate;
    this.#computing = workers === 0 ? 0 : trueComputeSeconds(this.traced, circumstances) / step;
    this.#version += 1;
    return this.#remaining / rate;
  }

  grow(nodes: readonly number[], now: number): void {
    this.#pause();
    this.#workers = [...this.#workers, ...nodes.map((node) => this.#start(node, now))];
  }

  /** @returns the nodes of the devices that are free now */
  shrinkTo(count: number, now: number): readonly number[] {
    if (count >= this.#workers.length) return [];
    this.#pause();
    // Those that do not compute yet go first.
    const order = [...this.#workers].sort((a, b) => a.readyAt - b.readyAt);
    const keep = new Set(order.slice(0, count));
    const gone = this.#workers.filter((worker) => !keep.has(worker));
    this.#workers = this.#workers.filter((worker) => keep.has(worker));
    this.#updatedAt = now;
    return gone.map(({ node }) => node);
  }

  /** @returns whether any was there */
  restart(ids: readonly string[], now: number): boolean {
    const found = this.#workers.some(({ id }) => ids.includes(id));
    this.#workers = this.#workers.map((worker) =>
      ids.includes(worker.id) ? this.#start(worker.node, now) : worker,
    );
    return found;
  }

  lose(node: number, now: number): void {
    this.advance(now);
    this.#workers = this.#workers.filter((worker) => worker.node !== node);
  }

  view(now: number): JobView {
    const { truth: _truth, tiles: _tiles, ...visible } = this.traced;
    return {
      ...visible,
      remainingTiles: this.#remaining,
      workers: this.#workers.length,
      observations: this.#observations,
      utilisation: this.#ready === 0 ? 0 : Math.min(1, this.#computing * this.#error()),
      workerRates: () =>
        this.#workers
          .filter(({ readyAt }) => readyAt < now)
          .map(({ id, readyAt, slowdown }) => ({
            id,
            tilesPerSecond: this.#error() / slowdown,
            seconds: now - readyAt,
          })),
    };
  }

  #start(node: number, now: number): Worker {
    this.#made += 1;
    const { startSeconds, stragglers, stragglerSlowdown } = this.#conditions;
    const slowdown = this.#random.uniform() < stragglers ? stragglerSlowdown : 1;
    return { id: `${this.traced.id}-worker-${this.#made}`, node, readyAt: now + startSeconds, slowdown };
  }

  /** Blocks under way are finished or leased again: about one block's time is lost. */
  #pause(): void {
    if (this.#ready === 0) return;
    this.#rescales += 1;
    this.#remaining += this.#rate * this.#conditions.pauseSeconds;
    // When it ends has changed although the rate has not.
    this.#rate = NaN;
    this.#closeWindow();
  }

  #closeWindow(): void {
    const { tiles, seconds } = this.#window;
    this.#window = { tiles: 0, seconds: 0 };
    if (seconds < LEAST_WINDOW_SECONDS || !(tiles > 0) || this.#ready === 0) return;
    const measured = seconds * this.#error();
    const computing = this.#computing * measured * this.#ready;
    this.#observations = withObservation(this.#observations, {
      workers: this.#ready,
      servers: this.traced.servers,
      tiles,
      steps: tiles / this.traced.workload.tilesPerStep,
      seconds: measured,
      phaseSeconds: {
        read: 0.1 * computing,
        decode: 0.1 * computing,
        forward: 0.3 * computing,
        backward: 0.5 * computing,
        barrierWait: this.#ready * measured - computing,
      },
    });
  }

  #error(): number {
    return Math.exp(this.#conditions.noise * this.#random.normal());
  }
}
