/**
 * Where a worker's time goes, as a pure state machine: at each moment the worker is in one phase, so that the phases add
 * up to the time that passed. Of several things that go on at once (a worker computes while it reads ahead) the one that
 * comes first below counts: it is what the others would have to wait for.
 *
 *     backward, forward     TensorFlow computes
 *     survey                a slide is surveyed for its tiles
 *     tiles                 nothing to compute before these tiles are there
 *     pull, push            nor before these parameters are; a block's gradient is under way
 *     queue                 it holds a task, and none of the above: between two parts, or its process had no processor
 *     leaseWait             it holds no task
 */
const ORDER = ['backward', 'forward', 'survey', 'tiles', 'pull', 'push', 'queue', 'leaseWait'] as const;
export type Activity = Exclude<(typeof ORDER)[number], 'leaseWait'>;
export type TimelinePhase = (typeof ORDER)[number];

export class Timeline {
  readonly #running = new Map<TimelinePhase, number>(ORDER.map((phase) => [phase, 0]));
  readonly #seconds = new Map<TimelinePhase, number>();
  #phase: TimelinePhase = 'leaseWait';
  #since: number;

  /** @param now milliseconds of a monotonic clock, as everywhere here */
  constructor(now: number) {
    this.#since = now;
  }

  enter(activity: Activity, now: number): void {
    this.#count(activity, 1, now);
  }

  leave(activity: Activity, now: number): void {
    this.#count(activity, -1, now);
  }

  /** Seconds by phase since the last call; what goes on now is counted until `now`. */
  take(now: number): Map<TimelinePhase, number> {
    this.#attribute(now);
    const taken = new Map(this.#seconds);
    this.#seconds.clear();
    return taken;
  }

  #count(activity: Activity, by: 1 | -1, now: number): void {
    this.#attribute(now);
    this.#running.set(activity, this.#running.get(activity)! + by);
    this.#phase = ORDER.find((phase) => this.#running.get(phase)! > 0) ?? 'leaseWait';
  }

  #attribute(now: number): void {
    const seconds = Math.max(0, now - this.#since) / 1000;
    this.#seconds.set(this.#phase, (this.#seconds.get(this.#phase) ?? 0) + seconds);
    this.#since = now;
  }
}
