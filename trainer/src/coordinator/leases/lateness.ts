/**
 * When a task is late: learned, for each kind of task, from how long the last ones took from their lease to their end.
 * No I/O and no clock; times are parameters. The bound decides only what is computed twice, never the numbers.
 */

/** Of the durations remembered, the one that this share does not exceed... */
const quantile = 0.95;
/** ...and how many times that long a task may take. */
const factor = 3;
/** Durations that are remembered of each kind. */
const window = 128;
/** With fewer, nothing is known yet. */
const least = 8;

export interface LatenessLimits {
  /** Never late before this: a second lease costs a block's computation. */
  readonly floorMilliseconds: number;
  /** Late after this as long as nothing is known. */
  readonly unknownMilliseconds: number;
}

export const defaultLimits: LatenessLimits = { floorMilliseconds: 2_000, unknownMilliseconds: 120_000 };

interface Durations {
  readonly last: number[];
  next: number;
  /** Of {@link last}; undefined when it has to be recomputed. */
  bound: number | undefined;
}

export class Lateness {
  readonly #limits: LatenessLimits;
  readonly #kinds = new Map<string, Durations>();

  constructor(limits: LatenessLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** A task of this kind was done in so many milliseconds. */
  learn(kind: string, milliseconds: number): void {
    const durations = this.#kinds.get(kind) ?? { last: [], next: 0, bound: undefined };
    this.#kinds.set(kind, durations);
    durations.last[durations.next] = milliseconds;
    durations.next = (durations.next + 1) % window;
    durations.bound = undefined;
  }

  /** Milliseconds after its lease from which a task of this kind is late. */
  boundOf(kind: string): number {
    const durations = this.#kinds.get(kind);
    if (durations === undefined || durations.last.length < least) return this.#limits.unknownMilliseconds;
    durations.bound ??= Math.max(this.#limits.floorMilliseconds, factor * quantileOf(durations.last));
    return durations.bound;
  }
}

function quantileOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(quantile * sorted.length) - 1]!;
}
