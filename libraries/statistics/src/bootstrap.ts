/** Percentile bootstrap intervals of any statistic. */
import { RandomStream } from '@wsi-operator/foundation';
import type { Interval } from './interval.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** Default 1000. */
  readonly resamples?: number;
  /** Default 0.95. */
  readonly level?: number;
}

export interface BootstrapInterval extends Interval {
  /** Resamples in which the statistic existed, e.g. had both classes. */
  readonly used: number;
}

/**
 * Efron's (1979) percentile interval. `units` are what was sampled independently: patients, not their slides, so that
 * a patient's slides stay together.
 *
 * @param statistic of a sample; undefined or NaN where it does not exist, which drops the resample
 * @returns undefined when fewer than half of the resamples have the statistic
 */
export function bootstrapInterval<Unit>(
  units: readonly Unit[],
  statistic: (sample: readonly Unit[]) => number | undefined,
  options: BootstrapOptions,
): BootstrapInterval | undefined {
  const { seed, resamples = 1000, level = 0.95 } = options;
  if (units.length === 0) return undefined;
  const stream = new RandomStream(seed, 'bootstrap');
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const sample = units.map(() => units[stream.integer(units.length)]!);
    const value = statistic(sample);
    if (value !== undefined && !Number.isNaN(value)) values.push(value);
  }
  if (values.length * 2 < resamples) return undefined;
  values.sort((a, b) => a - b);
  return {
    lower: quantile(values, (1 - level) / 2),
    upper: quantile(values, (1 + level) / 2),
    used: values.length,
  };
}

/** Of sorted values, interpolated linearly (R's type 7). */
export function quantile(sorted: readonly number[], probability: number): number {
  const place = probability * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return NaN;
  return low + (place - below) * (high - low);
}
