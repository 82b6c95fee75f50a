/** Checks that every statistic makes of its arguments, and the survival outcome. */

/** `time` in the cohort's unit; `event` false = censored at `time`. */
export interface Survival {
  readonly time: number;
  readonly event: boolean;
}

/** How cases hang together, for statistics that have an interval. */
export interface Clustered {
  /** Default 0.95. */
  readonly level?: number;
  /** Whose each case is, where a patient has several: cases of one patient are not independent. */
  readonly clusters?: readonly string[];
}

/** @throws RangeError for lengths that differ or a value that is not a number */
export function requireSameLength(values: readonly number[], others: readonly unknown[]): void {
  if (values.length !== others.length) {
    throw new RangeError(`${values.length} values for ${others.length} cases`);
  }
  requireNumbers(values);
}

/** @throws RangeError for NaN; infinities have a rank and are allowed */
export function requireNumbers(values: readonly number[]): void {
  const bad = values.findIndex((value) => Number.isNaN(value));
  if (bad >= 0) throw new RangeError(`value ${bad} is not a number`);
}
