/** What the coordinator tells of the run: phase, steps, rate, time left. Read by the `Status` call. */
import type { Clock } from '@wsi/foundation';
import type { RunPhase } from '@wsi/protocol';

/** The rate is measured over the last so many steps, so that it follows a change of the workers' number. */
const windowSteps = 16;

export class Progress {
  readonly #clock: Clock;
  readonly #started: number;
  readonly #recent: { at: number; tiles: number }[] = [];
  phase: RunPhase = 'waiting';
  message = '';
  /** What people must know for as long as the run lasts, whatever its phase; by subject, empty for nothing. */
  readonly notices = new Map<string, string>();
  step = 0;
  steps = 0;
  epoch = 0;
  epochs = 0;
  /** Tiles that went through a training step, over all starts of the run. */
  tiles = 0;
  /** Seconds of training, over all starts of the run. */
  trainingSeconds = 0;
  checkpointStep = 0;
  parametersSha256 = '';
  metrics: Record<string, number> = {};
  #done = 0;
  #of = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = clock.monotonic();
  }

  begin(phase: RunPhase, units: number, message = ''): void {
    this.phase = phase;
    this.message = message;
    this.#done = 0;
    this.#of = units;
    this.#recent.length = 0;
    this.#recent.push({ at: this.#clock.monotonic(), tiles: this.tiles });
  }

  /** One unit of the present phase (a slide, a bag) is done. */
  advance(): void {
    this.#done += 1;
  }

  /** A step was applied. Returns its seconds. */
  stepDone(tiles: number): number {
    const now = this.#clock.monotonic();
    const seconds = (now - (this.#recent.at(-1)?.at ?? now)) / 1000;
    this.step += 1;
    this.tiles += tiles;
    this.trainingSeconds += seconds;
    this.#recent.push({ at: now, tiles: this.tiles });
    if (this.#recent.length > windowSteps + 1) this.#recent.shift();
    return seconds;
  }

  /** The phase's message with all notices. */
  get told(): string {
    return [this.message, ...this.notices.values()].filter((text) => text !== '').join('; ');
  }

  /** Share of the present phase that is done, 0 to 1. */
  get fraction(): number {
    if (this.phase === 'training') return this.steps === 0 ? 0 : this.step / this.steps;
    if (this.phase === 'finished') return 1;
    return this.#of === 0 ? 0 : this.#done / this.#of;
  }

  get tilesPerSecond(): number {
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) {
      return this.trainingSeconds > 0 ? this.tiles / this.trainingSeconds : 0;
    }
    return ((last.tiles - first.tiles) * 1000) / (last.at - first.at);
  }

  /** Seconds left of training at the present rate of steps; 0 when not known. */
  get etaSeconds(): number {
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (this.phase !== 'training' || first === undefined || last === undefined || this.#recent.length < 2)
      return 0;
    return (((last.at - first.at) / (this.#recent.length - 1)) * (this.steps - this.step)) / 1000;
  }

  get elapsedSeconds(): number {
    return (this.#clock.monotonic() - this.#started) / 1000;
  }
}
