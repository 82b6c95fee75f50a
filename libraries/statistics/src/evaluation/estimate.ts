import type { Interval } from '../interval.ts';

/** A number with its confidence interval. */
export interface Estimate extends Interval {
  readonly value: number;
  /** Confidence level of the interval, e.g. 0.95. */
  readonly level: number;
  /** How the interval was made. */
  readonly method: string;
  /** What the measure is, on average, for a score that knows nothing; undefined where that depends on the cases. */
  readonly chance: number | undefined;
}
