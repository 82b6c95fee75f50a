/** What the steps of a survival cohort will be, before any slide is opened: those of the first epoch, from the table alone. */
import type { Cohort } from '@wsi-operator/cohort';
import { RandomStream } from '@wsi-operator/foundation';
import { headOutcome } from './head-outcome.ts';
import { comparedEvents, planSurvivalEpoch } from './survival-steps.ts';

export interface SurvivalOutlook {
  /** Of an epoch. */
  readonly steps: number;
  /** Bags of the largest. */
  readonly largestStep: number;
  /** Bags of training with the event. */
  readonly events: number;
  /** Those whose step has somebody who was followed for longer. */
  readonly compared: number;
}

/**
 * @returns undefined for other outcomes
 * @throws WsiError `InvalidCohort` when no event of training can be compared with anybody
 */
export function survivalOutlook(
  cohort: Cohort,
  { seed, slidesPerStep }: { readonly seed: number; readonly slidesPerStep: number },
): SurvivalOutlook | undefined {
  const bagsOf = Map.groupBy(cohort.cases, ({ patient }) => patient);
  const bags = cohort.cases.flatMap((of) => {
    if (of.split !== 'train') return [];
    const outcome = headOutcome(of, bagsOf.get(of.patient)!.length);
    return outcome.type === 'survival' ? [outcome] : [];
  });
  if (bags.length === 0) return undefined;
  const steps = planSurvivalEpoch(bags, slidesPerStep, new RandomStream(seed, 'epoch/0/order'));
  return {
    steps: steps.length,
    largestStep: Math.max(...steps.map((step) => step.bags.length)),
    events: bags.filter(({ event }) => event).length,
    compared: steps.reduce((sum, step) => sum + comparedEvents(bags, step.bags).length, 0),
  };
}
