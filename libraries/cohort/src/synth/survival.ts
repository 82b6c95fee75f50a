/**
 * Survival times from a stated hazard, so that what a model finds can be compared with what is there.
 *
 * With a and b the slide's burdens of motif A and B (number of motifs divided by the most there can be, 0 to 1) and
 * z the treatment (0 or 1), the hazard is constant in time:
 *
 *   h(t | a, b, z) = baseline * exp(A a + B b + T z + AT a z)
 *
 * A is prognostic and predictive: the treatment removes most of its harm. B protects. Censoring is independent and
 * exponential, C ~ Exp(c), with c such that the expected share of censored patients of this cohort is as asked:
 * mean over the patients of c / (c + h) = censoring. Observed: time = min(T, C), event = 1 if T <= C.
 */
import type { RandomStream } from '@wsi-operator/foundation';

export interface HazardModel {
  /** Events a month of a patient with a = b = z = 0. */
  readonly baseline: number;
  readonly A: number;
  readonly B: number;
  readonly T: number;
  readonly AT: number;
}

export const HAZARD_MODEL: HazardModel = { baseline: 1 / 24, A: 3, B: -1.5, T: -0.1, AT: -2.5 };

export interface SurvivalCovariates {
  readonly burdenA: number;
  readonly burdenB: number;
  readonly treatment: 0 | 1;
}

export interface SurvivalOutcome extends SurvivalCovariates {
  /** Events a month. */
  readonly hazard: number;
  /** Months, to six decimals. */
  readonly time: number;
  readonly event: 0 | 1;
}

export function hazardOf(model: HazardModel, { burdenA, burdenB, treatment }: SurvivalCovariates): number {
  const { baseline, A, B, T, AT } = model;
  return baseline * Math.exp(A * burdenA + B * burdenB + T * treatment + AT * burdenA * treatment);
}

/** The censoring rate with mean(c / (c + h)) = share; 0 for no censoring. */
export function censoringRate(hazards: readonly number[], share: number): number {
  if (share <= 0) return 0;
  const expected = (rate: number): number =>
    hazards.reduce((sum, hazard) => sum + rate / (rate + hazard), 0) / hazards.length;
  let low = 0;
  let high = Math.max(...hazards);
  while (expected(high) < share) high *= 2;
  for (let halving = 0; halving < 100; halving++) {
    const middle = (low + high) / 2;
    if (expected(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export function drawSurvival(
  covariates: readonly SurvivalCovariates[],
  censoring: number,
  random: RandomStream,
): { readonly censoringRate: number; readonly outcomes: SurvivalOutcome[] } {
  const hazards = covariates.map((patient) => hazardOf(HAZARD_MODEL, patient));
  const rate = censoringRate(hazards, censoring);
  const outcomes = covariates.map((patient, index) => {
    const hazard = hazards[index] ?? HAZARD_MODEL.baseline;
    const failure = exponential(hazard, random);
    const censored = exponential(rate, random);
    const event: 0 | 1 = failure <= censored ? 1 : 0;
    // A time of 0 is refused by tables; a millionth of a month is about three seconds.
    const time = Math.max(1e-6, Math.round(Math.min(failure, censored) * 1e6) / 1e6);
    return { ...patient, hazard, time, event };
  });
  return { censoringRate: rate, outcomes };
}

/** By inversion; infinite for a rate of 0. Always draws one number, so that streams stay aligned. */
function exponential(rate: number, random: RandomStream): number {
  const draw = -Math.log(1 - random.uniform());
  return rate === 0 ? Infinity : draw / rate;
}
