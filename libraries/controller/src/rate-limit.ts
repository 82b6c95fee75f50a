/** How often and how soon: a token bucket and a jittered exponential back-off. */
import type { Clock } from '@wsi-operator/foundation';

/** A token bucket that is full at first. Takers are served in the order in which they came. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #burst: number;
  /** When the token that was handed out last would have come, had the bucket been empty: may lie in the future. */
  #last = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#interval = 1000 / perSecond;
    this.#burst = burst;
  }

  /** Takes a token if there is one at once. */
  tryTake(): boolean {
    const now = this.#clock.monotonic();
    const next = this.#next(now);
    if (next > now) return false;
    this.#last = next;
    return true;
  }

  /** Waits for a token. Rejects with the signal's reason; the token is then lost. */
  async take(signal?: AbortSignal): Promise<void> {
    const now = this.#clock.monotonic();
    this.#last = this.#next(now);
    if (this.#last > now) await this.#clock.sleep(this.#last - now, signal);
  }

  /** Whether the bucket is full again, so that it can be forgotten. */
  get full(): boolean {
    return (
      this.#next(this.#clock.monotonic()) <= this.#clock.monotonic() - (this.#burst - 1) * this.#interval
    );
  }

  #next(now: number): number {
    return Math.max(this.#last, now - this.#burst * this.#interval) + this.#interval;
  }
}

/** `first * 2^attempt` milliseconds, at most `longest`, of which a random half is left out so that clients spread. */
export function backOff(attempt: number, first: number, longest: number): number {
  const whole = Math.min(first * 2 ** Math.min(attempt, 30), longest);
  return whole * (0.5 + Math.random() / 2);
}
