/** The product-limit estimate of survival. */
import { criticalValue, type Interval } from './interval.ts';
import { requireNumbers, type Survival } from './samples.ts';

export interface SurvivalStep extends Interval {
  readonly time: number;
  readonly atRisk: number;
  readonly events: number;
  readonly censored: number;
  /** Probability of being free of the event after `time`. */
  readonly survival: number;
  /** Greenwood's; NaN once the survival is 0. */
  readonly standardError: number;
}

export interface SurvivalCurve {
  /** One for every distinct time at which something happened, earliest first. */
  readonly steps: readonly SurvivalStep[];
  /** The first time at which survival is 0.5 or less; undefined when it stays above. */
  readonly median: number | undefined;
  readonly cases: number;
  readonly events: number;
}

/**
 * Kaplan and Meier (1958), with Greenwood's (1926) variance and the interval on the log(-log) scale (Kalbfleisch and
 * Prentice), which stays within [0, 1]. Before the first event that interval would have no width; there it is the exact
 * one of a proportion of 1 (Clopper and Pearson, 1934) of those who are still followed.
 *
 * @param outcomes one a patient: a patient who is given several times makes the interval too narrow
 * @throws RangeError for a time that is not a number
 */
export function kaplanMeier(outcomes: readonly Survival[], level = 0.95): SurvivalCurve {
  requireNumbers(outcomes.map(({ time }) => time));
  const z = criticalValue(level);
  const times = [...new Set(outcomes.map(({ time }) => time))].sort((a, b) => a - b);
  const steps: SurvivalStep[] = [];
  let atRisk = outcomes.length;
  let survival = 1;
  // Greenwood's sum of d / (n (n - d)): the variance of log survival.
  let greenwood = 0;
  const byTime = Map.groupBy(outcomes, ({ time }) => time);
  for (const time of times) {
    const here = byTime.get(time) ?? [];
    const events = here.filter(({ event }) => event).length;
    survival *= 1 - events / atRisk;
    greenwood += events / (atRisk * (atRisk - events));
    steps.push({
      time,
      atRisk,
      events,
      censored: here.length - events,
      survival,
      standardError: survival * Math.sqrt(greenwood),
      ...(greenwood === 0
        ? { lower: ((1 - level) / 2) ** (1 / atRisk), upper: 1 }
        : logLogInterval(survival, greenwood, z)),
    });
    atRisk -= here.length;
  }
  return {
    steps,
    // A hair of room: 0.5 reached as a product of fractions may come out as 0.5000000000000001.
    median: steps.find((step) => step.survival <= 0.5 + 1e-12)?.time,
    cases: outcomes.length,
    events: outcomes.filter(({ event }) => event).length,
  };
}

/** The survival at a time of the curve, as a right-continuous step function. */
export function survivalAt(curve: SurvivalCurve, time: number): number {
  return curve.steps.findLast((step) => step.time <= time)?.survival ?? 1;
}

function logLogInterval(survival: number, greenwood: number, z: number): Interval {
  // Nobody is left: Greenwood's variance is undefined, and so is the interval.
  if (survival === 0) return { lower: NaN, upper: NaN };
  const spread = (z * Math.sqrt(greenwood)) / Math.abs(Math.log(survival));
  return { lower: survival ** Math.exp(spread), upper: survival ** Math.exp(-spread) };
}
