/** Keys of jobs that may have changed, merged while the reader is busy. */
import { Notifier } from '../local/notifier.ts';
import type { JobKey } from '../port.ts';

export class KeyStream {
  readonly #keys = new Set<JobKey>();
  readonly #notifier = new Notifier();
  #readers = 0;

  /** Keys that wait for the reader. */
  get size(): number {
    return this.#keys.size;
  }

  /** Without a reader the key is dropped: a follower would gather those of all jobs that there ever were. */
  add(key: JobKey): void {
    if (this.#readers === 0) return;
    this.#keys.add(key);
    this.#notifier.notify();
  }

  /** Keys are kept from this call on, not from the first one that is taken. */
  read(signal: AbortSignal): AsyncGenerator<JobKey, void> {
    this.#readers += 1;
    return this.#take(signal);
  }

  async *#take(signal: AbortSignal): AsyncGenerator<JobKey, void> {
    try {
      while (!signal.aborted) {
        const keys = [...this.#keys];
        this.#keys.clear();
        yield* keys;
        await this.#notifier.next(signal);
      }
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) this.#keys.clear();
    }
  }
}
