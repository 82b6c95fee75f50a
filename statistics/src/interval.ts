/** Confidence intervals. */
import { normalQuantile } from './distributions.ts';

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** The two-sided normal quantile of a confidence level, e.g. 1.96 for 0.95. */
export function criticalValue(level: number): number {
  if (!(level > 0 && level < 1)) throw new RangeError(`A confidence level lies between 0 and 1: ${level}`);
  return normalQuantile((1 + level) / 2);
}

/** estimate +- z standardError, cut to [0, 1]. */
export function waldInterval(estimate: number, standardError: number, level: number): Interval {
  const margin = criticalValue(level) * standardError;
  return { lower: Math.max(0, estimate - margin), upper: Math.min(1, estimate + margin) };
}

/** Wilson's (1927) score interval of a proportion; sound for few trials and for proportions of 0 and 1. */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval {
  if (trials === 0) return { lower: 0, upper: 1 };
  const z = criticalValue(level);
  const share = successes / trials;
  const centre = share + (z * z) / (2 * trials);
  const margin = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    lower: successes === 0 ? 0 : (centre - margin) / scale,
    upper: successes === trials ? 1 : (centre + margin) / scale,
  };
}
