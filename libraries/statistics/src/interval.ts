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

/**
 * estimate +- z standardError on the log-odds scale, so it lies within (0, 1) and is longer on the side of 0.5. For an
 * estimate strictly between 0 and 1.
 */
export function logitInterval(estimate: number, standardError: number, level: number): Interval {
  const centre = Math.log(estimate / (1 - estimate));
  const margin = (criticalValue(level) * standardError) / (estimate * (1 - estimate));
  const back = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
  return { lower: back(centre - margin), upper: back(centre + margin) };
}

/**
 * Newcombe's (2006) method 5 for an area under a ROC curve: a score interval with Hanley and McNeil's (1982) variance
 * at the bound itself, so it stays honest for few cases and at an area of 0 or 1. The bounds solve
 * |area - theta| = z sqrt(V(theta)), here by bisection.
 *
 * @param positives cases of one side; with `negatives` the number of pairs that the area is the mean of
 */
export function newcombeInterval(
  area: number,
  { positives, negatives }: { readonly positives: number; readonly negatives: number },
  level: number,
): Interval {
  const z = criticalValue(level);
  const mean = (positives + negatives) / 2 - 1;
  const excess = (theta: number): number => {
    const spread = 1 + (mean * (1 - theta)) / (2 - theta) + (mean * theta) / (1 + theta);
    const variance = (theta * (1 - theta) * Math.max(spread, 0)) / (positives * negatives);
    return Math.abs(area - theta) - z * Math.sqrt(variance);
  };
  const bound = (limit: 0 | 1): number => {
    if (area === limit) return limit;
    // |area - theta| grows linearly and the margin like a root, so there is one crossing on each side.
    let inside = area;
    let outside: number = limit;
    for (let iteration = 0; iteration < 60; iteration++) {
      const middle = (inside + outside) / 2;
      if (excess(middle) <= 0) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  return { lower: bound(0), upper: bound(1) };
}

/**
 * Wilson's (1927) score interval of a proportion; sound for few trials and for proportions of 0 and 1. The numbers
 * need not be whole: an effective number of independent trials will do.
 */
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
