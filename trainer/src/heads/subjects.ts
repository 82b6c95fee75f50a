/**
 * From bags to the subjects of a risk set. With a bag a slide, a patient's slides would compete with each other for the
 * patient's one event, and stand in every risk set as so many people. Instead the bags of a patient in a step are one
 * subject with the mean of their log hazards, as in the evaluation; the subject weighs as much as the bags' share of
 * all of the patient's bags, so that over an epoch a patient with many slides counts as one with a single slide does
 * (inverse probability weighting: Binder, 1992).
 */
import type { WeightedSurvival } from './cox.ts';
import type { BagOutcome } from './head.ts';

type SurvivalOutcome = Extract<BagOutcome, { type: 'survival' }>;

export interface Subjects {
  /** One a subject, in the order of their first bags. */
  readonly outcomes: readonly WeightedSurvival[];
  readonly logHazards: Float64Array;
  /** From the gradient by the subjects' log hazards to that by the bags'. */
  readonly spread: (gradient: Float64Array) => Float64Array;
}

/** @param logHazards `[bags]`. Where every bag is of another patient, the subjects are the bags, to the bit. */
export function subjectsOf(logHazards: Float64Array, outcomes: readonly SurvivalOutcome[]): Subjects {
  const members = [...Map.groupBy(outcomes.keys(), (bag) => outcomes[bag]!.subject?.patient ?? bag).values()];
  return {
    outcomes: members.map((bags) => {
      const { time, event, subject } = outcomes[bags[0]!]!;
      return { time, event, weight: subject === undefined ? 1 : bags.length / subject.bags };
    }),
    logHazards: Float64Array.from(
      members,
      (bags) => bags.reduce((sum, bag) => sum + logHazards[bag]!, 0) / bags.length,
    ),
    spread: (gradient) => {
      const spread = new Float64Array(logHazards.length);
      members.forEach((bags, subject) => {
        for (const bag of bags) spread[bag] = gradient[subject]! / bags.length;
      });
      return spread;
    },
  };
}
