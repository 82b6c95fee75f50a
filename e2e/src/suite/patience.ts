/**
 * How long to wait for something: for as long as anything happens. A fixed time is too short on a machine with other work
 * and too long for what hangs.
 */

export interface PatienceOptions {
  /** What is seen may stay the same for this long, and for at least this many observations: each takes longer on a busy machine. */
  readonly quietMilliseconds?: number;
  readonly quietLooks?: number;
  /** Something that goes on happening without ever leading anywhere ends by it. */
  readonly longestMilliseconds?: number;
  readonly now?: () => number;
}

export class Patience {
  readonly #quietMilliseconds: number;
  readonly #quietObservations: number;
  readonly #longestMilliseconds: number;
  readonly #now: () => number;
  readonly #begun: number;
  #seen: string | undefined;
  #changed: number;
  #observations = 0;

  constructor(options: PatienceOptions = {}) {
    this.#quietMilliseconds = options.quietMilliseconds ?? 240_000;
    this.#quietObservations = options.quietLooks ?? 200;
    this.#longestMilliseconds = options.longestMilliseconds ?? 1_800_000;
    this.#now = options.now ?? (() => performance.now());
    this.#begun = this.#now();
    this.#changed = this.#begun;
  }

  /** To be called after every observation. @returns why the wait is over, undefined while it is not */
  after(seen: string): string | undefined {
    const now = this.#now();
    this.#observations += 1;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#changed = now;
      this.#observations = 0;
    }
    const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1000)} s`;
    if (now - this.#begun > this.#longestMilliseconds) {
      return `gave up after ${seconds(now - this.#begun)}, though something was still changing`;
    }
    const isQuiet =
      now - this.#changed > this.#quietMilliseconds && this.#observations > this.#quietObservations;
    return isQuiet ? `nothing has changed for ${seconds(now - this.#changed)}` : undefined;
  }
}
