/** What the coordinator reports of the run: phase, steps, rate, time left. Read by the `Status` call. */
import {
  publicText,
  textFor,
  type Clock,
  type Details,
  type PublicText,
  type RedactableText,
} from '@wsi-operator/foundation';
import type { RunPhase } from '@wsi-operator/protocol';

/** The rate is measured over the last so many steps, so that it follows a change of the workers' number. */
const windowSteps = 16;

/**
 * The first steps wait for connections, caches and compilation. So many have to be over before the time left is told by
 * those after the first; where steps take long, this many seconds.
 */
const stepsBeforeEstimate = 3;
const secondsBeforeEstimate = 120;

/** How a step is named in {@link Progress.taskDone}. */
export function unitOfStep(step: number): string {
  return `step/${step}`;
}

export class Progress {
  readonly #clock: Clock;
  readonly #started: number;
  readonly #recent: { at: number; tiles: number }[] = [];
  phase: RunPhase = 'waiting';
  message: PublicText | RedactableText = publicText``;
  /** What people must know for as long as the run lasts, whatever its phase; by subject. */
  readonly notices = new Map<string, PublicText | RedactableText>();
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
  /** Slides of the survey that are done, and the tiles on them. */
  surveyed = { slides: 0, of: 0, tiles: 0 };
  #hasStart = false;
  #done = 0;
  #of = 0;
  /** Of units of work that are not finished (a step, a validation), by their names: tiles of training that they are worth. */
  readonly #partial = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#started = clock.monotonic();
  }

  begin(phase: RunPhase, units: number, message: PublicText | RedactableText = publicText``): void {
    this.phase = phase;
    this.message = message;
    this.#done = 0;
    this.#of = units;
    this.#partial.clear();
    this.#recent.length = 0;
    this.#recent.push({ at: this.#clock.monotonic(), tiles: this.tiles });
  }

  /** What the run goes on from: nothing, a checkpoint, or what the servers hold. */
  goOnFrom(start: { readonly step: number; readonly tiles: number; readonly trainingSeconds: number }): void {
    this.step = start.step;
    this.tiles = start.tiles;
    this.trainingSeconds = start.trainingSeconds;
    this.#hasStart = true;
  }

  /** How many steps there are; 0 until it is known at which the run goes on: one that is resumed is at step 0 of none. */
  get knownSteps(): number {
    return this.#hasStart ? this.steps : 0;
  }

  beginSurvey(slides: number): void {
    this.begin('surveying', slides);
    this.surveyed = { slides: 0, of: slides, tiles: 0 };
  }

  slideSurveyed(tiles: number): void {
    this.advance(1);
    const { slides, of, tiles: before } = this.surveyed;
    this.surveyed = { slides: slides + 1, of, tiles: before + tiles };
  }

  /** So many units of the present phase are done. */
  advance(units: number): void {
    this.#done += units;
  }

  /** A task of a step or a validation is done: what it is worth, in tiles of training. */
  taskDone(unit: string, tiles: number): void {
    this.#partial.set(unit, (this.#partial.get(unit) ?? 0) + tiles);
  }

  /** All tasks of a step or a validation are done, and counted elsewhere now. */
  unitDone(unit: string): void {
    this.#partial.delete(unit);
  }

  /** Tiles of the step under way that are done; a tile is done when both its passes are. */
  get stepTilesDone(): number {
    return Math.floor(this.#partial.get(unitOfStep(this.step)) ?? 0);
  }

  /** A step was applied. Returns its seconds. */
  stepDone(tiles: number): number {
    const now = this.#clock.monotonic();
    const seconds = (now - (this.#recent.at(-1)?.at ?? now)) / 1000;
    this.unitDone(unitOfStep(this.step));
    this.step += 1;
    this.tiles += tiles;
    this.trainingSeconds += seconds;
    this.#recent.push({ at: now, tiles: this.tiles });
    if (this.#recent.length > windowSteps + 1) this.#recent.shift();
    return seconds;
  }

  /** @param text about a subject that users must know; undefined to remove it */
  notice(subject: string, text: PublicText | RedactableText | undefined): void {
    if (text === undefined) this.notices.delete(subject);
    else this.notices.set(subject, text);
  }

  /** The phase's message with all notices. */
  text(details: Details): string {
    const texts = [this.message, ...this.notices.values()].map((text) => textFor(text, details));
    return texts.filter((text) => text !== '').join('; ');
  }

  /** Share of the present phase that is done, 0 to 1. */
  get fraction(): number {
    if (this.phase === 'training') return this.steps === 0 ? 0 : this.step / this.steps;
    if (this.phase === 'finished') return 1;
    return this.#of === 0 ? 0 : Math.min(1, this.#done / this.#of);
  }

  /** Over the last steps; before the end of the first one, over what is done of it. */
  get tilesPerSecond(): number {
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    if (first === undefined || last === undefined) return 0;
    if (last.at <= first.at) {
      return this.phase === 'training' && this.#unfinished > 0 ? this.#rate : this.#meanRate;
    }
    return ((last.tiles - first.tiles) * 1000) / (last.at - first.at);
  }

  get #meanRate(): number {
    return this.trainingSeconds > 0 ? this.tiles / this.trainingSeconds : 0;
  }

  get #unfinished(): number {
    return [...this.#partial.values()].reduce((sum, tiles) => sum + tiles, 0);
  }

  /** Tiles a second since the first of the recent steps, with what is done of the one under way. */
  get #rate(): number {
    const [first] = this.#recent;
    return first === undefined ? 0 : this.#rateSince(first);
  }

  #rateSince(first: { readonly at: number; readonly tiles: number }): number {
    const seconds = (this.#clock.monotonic() - first.at) / 1000;
    return seconds > 0 ? (this.tiles - first.tiles + this.#unfinished) / seconds : 0;
  }

  /**
   * Seconds to the end at the present rate, once it has settled; 0 when not known. `remainingTiles`: of the steps that
   * are not applied and the evaluations after them.
   */
  etaSeconds(remainingTiles: number): number {
    const rate = this.phase === 'training' ? this.#settledRate : 0;
    return rate > 0 ? Math.max(0, remainingTiles - this.#unfinished) / rate : 0;
  }

  /** As {@link #rate} without the first step of this start; 0 before it says anything. */
  get #settledRate(): number {
    const [begun, first] = this.#recent;
    if (begun === undefined) return 0;
    if (this.#recent.length > stepsBeforeEstimate && first !== undefined) return this.#rateSince(first);
    const seconds = (this.#clock.monotonic() - begun.at) / 1000;
    return seconds < secondsBeforeEstimate ? 0 : this.#rateSince(begun);
  }

  get elapsedSeconds(): number {
    return (this.#clock.monotonic() - this.#started) / 1000;
  }
}
