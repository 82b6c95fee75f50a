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
 */
import type { TieMethod } from './head.ts';

export interface CoxLoss {
  /** Negative log partial likelihood divided by the number of events; 0 without events. */
  readonly loss: number;
  /** `[n]`, of the loss with respect to the log hazards. */
  readonly gradient: Float64Array;
  readonly events: number;
}

interface Survival {
  readonly time: number;
  readonly event: boolean;
}

/** An event time with the sums over its risk set, exponentials relative to `shift`. */
interface RiskSet {
  readonly members: readonly number[];
  readonly tied: readonly number[];
  readonly shift: number;
  readonly denominators: readonly number[];
}

/** @param logHazards `[n]` @param outcomes `[n]` */
export function coxLoss(logHazards: Float64Array, outcomes: readonly Survival[], ties: TieMethod): CoxLoss {
  const gradient = new Float64Array(logHazards.length);
  const events = outcomes.filter(({ event }) => event).length;
  if (events === 0) return { loss: 0, gradient, events };

  const groups = riskSets(logHazards, outcomes, ties);
  let loss = 0;
  // The log of the cumulative baseline hazard up to the current time; -Infinity before the first event.
  let logCumulativeHazard = -Infinity;
  for (const { members, tied, shift, denominators } of groups) {
    const size = tied.length;
    let increment = 0;
    let tiedShare = 0;
    denominators.forEach((denominator, position) => {
      loss += shift + Math.log(denominator);
      increment += 1 / denominator;
      if (ties === 'efron') tiedShare += position / size / denominator;
    });
    for (const index of tied) loss -= logHazards[index]!;
    if (size > 0) logCumulativeHazard = logAdd(logCumulativeHazard, Math.log(increment) - shift);
    for (const index of members) gradient[index] = Math.exp(logHazards[index]! + logCumulativeHazard);
    for (const index of tied) {
      gradient[index] = gradient[index]! - 1 - Math.exp(logHazards[index]! - shift) * tiedShare;
    }
  }
  for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! / events;
  return { loss: loss / events, gradient, events };
}

/** Groups of equal time, earliest first. The sums run from the latest time to the earliest, as risk sets grow. */
function riskSets(logHazards: Float64Array, outcomes: readonly Survival[], ties: TieMethod): RiskSet[] {
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
    for (const index of members) {
      const hazard = Math.exp(logHazards[index]! - shift);
      sum += hazard;
      if (outcomes[index]!.event) tiedSum += hazard;
    }
    const removed = ties === 'efron' ? tiedSum : 0;
    const denominators = tied.map((_, position) => sum - (position / tied.length) * removed);
    sets.push({ members, tied, shift, denominators });
  }
  return sets.reverse();
}

function equalTimesLatestFirst(outcomes: readonly Survival[]): number[][] {
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
