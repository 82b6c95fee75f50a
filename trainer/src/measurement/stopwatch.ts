/** A worker's time, kept: the {@link Timeline} with a clock, added up in the worker's usage. */
import type { UsageMeter } from '../usage.ts';
import { Timeline, type Activity } from './timeline.ts';

/** Seconds of reading so far, of which several may have gone on at once, and beside a computation. */
export interface ReadingSeconds {
  readonly open: number;
  readonly read: number;
  readonly decode: number;
}

export class Stopwatch {
  readonly #usage: UsageMeter;
  readonly #timeline = new Timeline(performance.now());
  #reading: ReadingSeconds = { open: 0, read: 0, decode: 0 };

  constructor(usage: UsageMeter) {
    this.#usage = usage;
  }

  async during<T>(activity: Activity, action: () => Promise<T>): Promise<T> {
    this.#timeline.enter(activity, performance.now());
    try {
      return await action();
    } finally {
      this.#timeline.leave(activity, performance.now());
    }
  }

  /**
   * Adds what passed since the last call to the usage. Time that was spent waiting for tiles goes to opening, reading
   * and decoding as these have taken meanwhile; to `queue` when they have taken none.
   */
  measure(reading: ReadingSeconds): void {
    const taken = this.#timeline.take(performance.now());
    const waited = taken.get('tiles') ?? 0;
    taken.delete('tiles');
    for (const [phase, seconds] of taken) this.#usage.add(phase, seconds);
    const parts = (['open', 'read', 'decode'] as const).map((phase) => ({
      phase,
      seconds: Math.max(0, reading[phase] - this.#reading[phase]),
    }));
    this.#reading = reading;
    const sum = parts.reduce((total, { seconds }) => total + seconds, 0);
    if (sum === 0) this.#usage.add('queue', waited);
    else for (const { phase, seconds } of parts) this.#usage.add(phase, (waited * seconds) / sum);
  }
}
