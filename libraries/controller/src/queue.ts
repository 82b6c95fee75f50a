/**
 * A work queue of keys, with the guarantees that a level-triggered loop rests on:
 * - merging: a key that is added ten times before it is taken is taken once;
 * - exclusive: a key is never held by two takers; one added while it is held is taken again after `done`;
 * - delayed: `addAfter` keeps the earliest of several delays;
 * - rate-limited: `addRateLimited` doubles a key's delay with each failure until `forget`;
 * - fair: groups of keys (namespaces) take turns, so that ten thousand keys of one do not keep a key of another waiting.
 *
 *   add/addAfter/addRateLimited -> [waiting: key -> time] -> [ready: groups in turn, each FIFO] -> take -> [held] -> done
 */
import type { Clock } from '@wsi-operator/foundation';

export interface QueueOptions {
  readonly clock: Clock;
  /** Delay after the first failure, milliseconds. */
  readonly firstDelay?: number;
  readonly longestDelay?: number;
  /** Whose turn a key takes; all are of one group by default. */
  readonly groupOf?: (key: string) => string;
  /** So many keys of a group are held at most: its takers may be slow, and others' keys then wait for them. */
  readonly mostHeldOfGroup?: number;
}

interface Group {
  readonly ready: Set<string>;
  held: number;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #firstDelay: number;
  readonly #longestDelay: number;
  readonly #groupOf: (key: string) => string;
  readonly #mostHeld: number;
  /** Those with keys that are ready or held; whose turn it is comes first. */
  readonly #groups = new Map<string, Group>();
  #depth = 0;
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
    this.#groupOf = options.groupOf ?? (() => '');
    this.#mostHeld = options.mostHeldOfGroup ?? Number.POSITIVE_INFINITY;
  }

  /** Keys that are ready to be taken. */
  get depth(): number {
    return this.#depth;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#cancelWait(key);
    if (this.#held.has(key)) {
      this.#again.add(key);
      return;
    }
    const name = this.#groupOf(key);
    const group = this.#groups.get(name) ?? { ready: new Set(), held: 0 };
    this.#groups.set(name, group);
    if (group.ready.has(key)) return;
    group.ready.add(key);
    this.#depth += 1;
    this.#serve();
  }

  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const time = this.#clock.monotonic() + milliseconds;
    const before = this.#waiting.get(key);
    if (this.#isReady(key) || (before !== undefined && before.time <= time)) return;
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
    const next = this.#next();
    return next === undefined ? new Promise((resolve) => this.#takers.push(resolve)) : Promise.resolve(next);
  }

  done(key: string): void {
    if (!this.#held.delete(key)) return;
    const name = this.#groupOf(key);
    const group = this.#groups.get(name);
    if (group !== undefined) {
      group.held -= 1;
      if (group.held === 0 && group.ready.size === 0) this.#groups.delete(name);
    }
    if (this.#again.delete(key)) this.add(key);
    this.#serve();
  }

  /** Wakes every taker with undefined and forgets all keys. */
  close(): void {
    this.#closed = true;
    for (const key of [...this.#waiting.keys()]) this.#cancelWait(key);
    this.#groups.clear();
    this.#depth = 0;
    this.#again.clear();
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) taker(undefined);
  }

  /** Hands keys that are ready to takers that wait. */
  #serve(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#takers.shift()?.(key);
    }
  }

  /** The oldest key of the group whose turn it is, which is then held, and the group's next turn comes last. */
  #next(): string | undefined {
    for (const [name, group] of this.#groups) {
      const [key] = group.ready;
      if (key === undefined || group.held >= this.#mostHeld) continue;
      group.ready.delete(key);
      group.held += 1;
      this.#depth -= 1;
      this.#held.add(key);
      this.#groups.delete(name);
      this.#groups.set(name, group);
      return key;
    }
    return undefined;
  }

  #isReady(key: string): boolean {
    return this.#groups.get(this.#groupOf(key))?.ready.has(key) ?? false;
  }

  #cancelWait(key: string): void {
    this.#waiting.get(key)?.cancel.abort();
    this.#waiting.delete(key);
  }
}
