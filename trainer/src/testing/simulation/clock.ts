/** Time that passes only when nothing else happens, and processes that can end between any two of their actions. */
import type { Clock } from '@wsi-operator/foundation';

/** A simulated process. What it awaits when it ends never comes: no line of it runs any more. */
export class Life {
  readonly #ended = Promise.withResolvers<undefined>();
  alive = true;

  end(): void {
    this.alive = false;
    this.#ended.resolve(undefined);
  }

  get ended(): Promise<undefined> {
    return this.#ended.promise;
  }

  /** As the promise, as long as this process lives. */
  of<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => {
          if (this.alive) resolve(value);
        },
        (reason: unknown) => {
          if (this.alive) reject(reason instanceof Error ? reason : new Error(String(reason)));
        },
      );
    });
  }
}

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake(): void;
}

export class SimulatedTime {
  #now = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];

  get now(): number {
    return this.#now;
  }

  wait(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ at: this.#now + milliseconds, order: this.#order++, wake });
    });
  }

  /** Lets time pass until `done`, one sleeper after another. @throws when that takes too long */
  async runUntil(done: () => boolean, limitMilliseconds: number): Promise<void> {
    for (;;) {
      // Everything that can go on without time does.
      await new Promise(setImmediate);
      if (done()) return;
      const next = this.#sleepers.reduce<Sleeper | undefined>(
        (first, of) =>
          first === undefined || of.at < first.at || (of.at === first.at && of.order < first.order)
            ? of
            : first,
        undefined,
      );
      if (next === undefined) throw new Error('nothing will ever happen again');
      if (next.at > limitMilliseconds)
        throw new Error(`not done after ${limitMilliseconds} simulated milliseconds`);
      this.#sleepers = this.#sleepers.filter((of) => of !== next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
  }

  clockOf(life: Life): Clock {
    return {
      now: () => this.#now,
      monotonic: () => this.#now,
      sleep: (milliseconds, signal) =>
        life.of(
          new Promise((resolve, reject) => {
            const aborted = (): void => reject(signal!.reason as Error);
            if (signal?.aborted === true) aborted();
            signal?.addEventListener('abort', aborted, { once: true });
            void this.wait(milliseconds).then(resolve);
          }),
        ),
    };
  }
}
