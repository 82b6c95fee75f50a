/**
 * A work queue of keys, with the guarantees that a level-triggered loop rests on:
 * - merging: a key that is added ten times before it is taken is taken once;
 * - exclusive: a key is never held by two takers; one added while it is held is taken again after `done`;
 * - delayed: `addAfter` keeps the earliest of several delays;
 * - rate-limited: `addRateLimited` doubles a key's delay with each failure until `forget`.
 *
 *   add/addAfter/addRateLimited -> [waiting: key -> time] -> [ready: FIFO] -> take -> [held] -> done
 */
import type { Clock } from '@wsi/foundation';

export interface QueueOptions {
  readonly clock: Clock;
  /** Delay after the first failure, milliseconds. */
  readonly firstDelay?: number;
  readonly longestDelay?: number;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #firstDelay: number;
  readonly #longestDelay: number;
  readonly #ready = new Set<string>();
  readonly #held = new Set<string>();
  /** Keys that were added while held. */
  readonly #again = new Set<string>();
  readonly #waiting = new Map<string, { readonly time: number; readonly cancel: AbortController }>();
  readonly #failures = new Map<string, number>();
  #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: QueueOptions) {
    this.#clock = options.clock;
    this.#firstDelay = options.firstDelay ?? 50;
    this.#longestDelay = options.longestDelay ?? 60_000;
  }

  /** Keys that are ready to be taken. */
  get depth(): number {
    return this.#ready.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#cancelWait(key);
    if (this.#held.has(key)) {
      this.#again.add(key);
      return;
    }
    const taker = this.#ready.has(key) ? undefined : this.#takers.shift();
    if (taker === undefined) {
      this.#ready.add(key);
    } else {
      this.#held.add(key);
      taker(key);
    }
  }

  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const time = this.#clock.monotonic() + milliseconds;
    const before = this.#waiting.get(key);
    if (this.#ready.has(key) || (before !== undefined && before.time <= time)) return;
    before?.cancel.abort();
    const cancel = new AbortController();
    this.#waiting.set(key, { time, cancel });
    this.#clock.sleep(milliseconds, cancel.signal).then(
      () => {
        if (this.#waiting.get(key)?.cancel === cancel) this.add(key);
      },
      // Aborted: another time has taken its place, or the queue was closed.
      () => undefined,
    );
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(this.#firstDelay * 2 ** Math.min(failures, 30), this.#longestDelay));
  }

  /** The key has succeeded: its next failure waits the first delay again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which the caller then holds until `done`; undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const next = this.#ready.values().next();
    if (next.done === true) return new Promise((resolve) => this.#takers.push(resolve));
    this.#ready.delete(next.value);
    this.#held.add(next.value);
    return Promise.resolve(next.value);
  }

  done(key: string): void {
    this.#held.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Wakes every taker with undefined and forgets all keys. */
  close(): void {
    this.#closed = true;
    for (const key of [...this.#waiting.keys()]) this.#cancelWait(key);
    this.#ready.clear();
    this.#again.clear();
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) taker(undefined);
  }

  #cancelWait(key: string): void {
    this.#waiting.get(key)?.cancel.abort();
    this.#waiting.delete(key);
  }
}
