/**
 * The Cox (1972) negative log partial likelihood and its gradient with respect to the log hazards, with Breslow's
 * (1974) or Efron's (1977) treatment of tied event times:
 *
 *     Breslow: sum over event times of [ sum_{i in D} eta_i - |D| log S ]
 *     Efron:   sum over event times of [ sum_{i in D} eta_i - sum_{l < |D|} log(S - l/|D| E) ]
 *
 * where D are the tied events at that time, S sums exp(eta) over everyone still at risk (time >= that time) and
 * E over D. Formulas as in Therneau and Grambsch, Modeling Survival Data (2000), section 3.3.
 *
 * All exponentials are relative to the largest eta of their own risk set, so no risk set underflows because of a
 * large hazard that is no longer in it. O(n log n).
 *
 * Cases may have weights: w_i eta_i, sums of w_i exp(eta_i), and each of the |D| logarithms times the mean weight of D
 * (Therneau and Grambsch, as in R's survival::coxph). With weights of 1 these are the formulas above, to the bit.
 */
import type { TieMethod } from './head.ts';

export interface CoxLoss {
  /** Negative log partial likelihood divided by the number (with weights, their sum) of events; 0 without events. */
  readonly loss: number;
  /** `[n]`, of the loss with respect to the log hazards. */
  readonly gradient: Float64Array;
  readonly events: number;
}

export interface WeightedSurvival {
  readonly time: number;
  readonly event: boolean;
  /** Default 1. */
  readonly weight?: number;
}

/** An event time with the sums over its risk set, exponentials relative to `shift`. */
interface RiskSet {
  readonly members: readonly number[];
  readonly tied: readonly number[];
  readonly shift: number;
  readonly denominators: readonly number[];
  /** Of the tied events; 0 without one. */
  readonly meanWeight: number;
}

/** @param logHazards `[n]` @param outcomes `[n]` */
export function coxLoss(
  logHazards: Float64Array,
  outcomes: readonly WeightedSurvival[],
  ties: TieMethod,
): CoxLoss {
  const gradient = new Float64Array(logHazards.length);
  const events = outcomes.filter(({ event }) => event).length;
  if (events === 0) return { loss: 0, gradient, events };

  const weights = outcomes.map(({ weight = 1 }) => weight);
  const groups = riskSets(logHazards, outcomes, { weights, ties });
  let loss = 0;
  // The log of the cumulative baseline hazard up to the current time; -Infinity before the first event.
  let logCumulativeHazard = -Infinity;
  for (const { members, tied, shift, denominators, meanWeight } of groups) {
    const size = tied.length;
    let increment = 0;
    let tiedShare = 0;
    denominators.forEach((denominator, position) => {
      loss += meanWeight * (shift + Math.log(denominator));
      increment += meanWeight / denominator;
      if (ties === 'efron') tiedShare += (meanWeight * position) / size / denominator;
    });
    for (const index of tied) loss -= weights[index]! * logHazards[index]!;
    if (size > 0) logCumulativeHazard = logAdd(logCumulativeHazard, Math.log(increment) - shift);
    for (const index of members) {
      gradient[index] = weights[index]! * Math.exp(logHazards[index]! + logCumulativeHazard);
    }
    for (const index of tied) {
      const weight = weights[index]!;
      gradient[index] = gradient[index]! - weight - weight * Math.exp(logHazards[index]! - shift) * tiedShare;
    }
  }
  const total = weights.reduce((sum, weight, index) => (outcomes[index]!.event ? sum + weight : sum), 0);
  for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! / total;
  return { loss: loss / total, gradient, events };
}

/** Groups of equal time, earliest first. The sums run from the latest time to the earliest, as risk sets grow. */
function riskSets(
  logHazards: Float64Array,
  outcomes: readonly WeightedSurvival[],
  { weights, ties }: { readonly weights: readonly number[]; readonly ties: TieMethod },
): RiskSet[] {
  const sets: RiskSet[] = [];
  let shift = -Infinity;
  let sum = 0;
  for (const members of equalTimesLatestFirst(outcomes)) {
    let largest = shift;
    for (const index of members) largest = Math.max(largest, logHazards[index]!);
    sum = shift === -Infinity ? 0 : sum * Math.exp(shift - largest);
    shift = largest;
    const tied = members.filter((index) => outcomes[index]!.event);
    let tiedSum = 0;
    let tiedWeight = 0;
    for (const index of members) {
      const hazard = weights[index]! * Math.exp(logHazards[index]! - shift);
      sum += hazard;
      if (!outcomes[index]!.event) continue;
      tiedSum += hazard;
      tiedWeight += weights[index]!;
    }
    const removed = ties === 'efron' ? tiedSum : 0;
    const denominators = tied.map((_, position) => sum - (position / tied.length) * removed);
    const meanWeight = tied.length === 0 ? 0 : tiedWeight / tied.length;
    sets.push({ members, tied, shift, denominators, meanWeight });
  }
  return sets.reverse();
}

function equalTimesLatestFirst(outcomes: readonly WeightedSurvival[]): number[][] {
  const order = outcomes.map((_, index) => index);
  order.sort((a, b) => outcomes[b]!.time - outcomes[a]!.time || a - b);
  const groups: number[][] = [];
  let time: number | undefined;
  for (const index of order) {
    if (outcomes[index]!.time !== time) groups.push([]);
    time = outcomes[index]!.time;
    groups.at(-1)?.push(index);
  }
  return groups;
}

/** log(exp(a) + exp(b)). */
function logAdd(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === -Infinity ? larger : larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
}
