/** Harrell's concordance index. */
import { waldInterval, type Interval } from './interval.ts';
import { requireSameLength, type Survival } from './samples.ts';

export interface Concordance extends Interval {
  readonly concordance: number;
  /** Infinitesimal jackknife; 0 when every pair is ordered alike, where the interval says nothing. */
  readonly standardError: number;
  /** Pairs of which it is known who had the event first. */
  readonly comparable: number;
  readonly concordant: number;
  /** Comparable pairs with equal risk, counted half. */
  readonly tied: number;
}

/**
 * The probability that of two patients the one with the higher risk has the event first (Harrell et al., 1982; 1996).
 * A pair is comparable when the earlier of two different times is an event, or when of two equal times exactly one
 * is; pairs with equal risk count half. The standard error is the infinitesimal jackknife over patients, as in R's
 * `survival::concordance`. O(n^2).
 *
 * @param risks higher = expected earlier
 * @returns undefined when no pair is comparable
 * @throws RangeError for lengths that differ or risks that are not numbers
 */
export function concordanceIndex(
  risks: readonly number[],
  outcomes: readonly Survival[],
  level = 0.95,
): Concordance | undefined {
  requireSameLength(risks, outcomes);
  const count = risks.length;
  // Per patient, over the pairs it is part of: how many are comparable, and the credit they earn.
  const pairs = new Float64Array(count);
  const credits = new Float64Array(count);
  let comparable = 0;
  let concordant = 0;
  let tied = 0;
  for (let first = 0; first < count; first++) {
    if (!outcomes[first]!.event) continue;
    for (let second = 0; second < count; second++) {
      if (!happensBefore(outcomes[first]!, outcomes[second]!)) continue;
      const credit = risks[first]! > risks[second]! ? 1 : risks[first] === risks[second] ? 0.5 : 0;
      comparable++;
      if (credit === 1) concordant++;
      if (credit === 0.5) tied++;
      for (const index of [first, second]) {
        pairs[index] = pairs[index]! + 1;
        credits[index] = credits[index]! + credit;
      }
    }
  }
  if (comparable === 0) return undefined;
  const concordance = (concordant + tied / 2) / comparable;
  let sumOfSquares = 0;
  for (let index = 0; index < count; index++) {
    sumOfSquares += ((credits[index]! - concordance * pairs[index]!) / comparable) ** 2;
  }
  const standardError = Math.sqrt(sumOfSquares);
  return {
    concordance,
    standardError,
    comparable,
    concordant,
    tied,
    ...waldInterval(concordance, standardError, level),
  };
}

/** Whether `first` is known to have had the event before `second`; a censored time reaches past an equal event. */
function happensBefore(first: Survival, second: Survival): boolean {
  return first.event && (first.time < second.time || (first.time === second.time && !second.event));
}
