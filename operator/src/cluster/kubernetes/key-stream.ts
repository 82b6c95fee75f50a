/** Keys of jobs that may have changed, merged while nobody takes them. */
import { Notifier } from '../local/notifier.ts';
import type { JobKey } from '../port.ts';

export class KeyStream {
  readonly #keys = new Set<JobKey>();
  readonly #notifier = new Notifier();

  add(key: JobKey): void {
    this.#keys.add(key);
    this.#notifier.notify();
  }

  async *read(signal: AbortSignal): AsyncGenerator<JobKey, void> {
    while (!signal.aborted) {
      const keys = [...this.#keys];
      this.#keys.clear();
      yield* keys;
      await this.#notifier.next(signal);
    }
  }
}
