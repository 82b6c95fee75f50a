/** What is computed in a run, from the slides that are in it: a pure function, evaluated again when slides are left out. */
import { HEADS, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { RandomStream } from '@wsi-operator/foundation';
import type { SurveyedSlide } from './surveyed-slide.ts';
import { planBags, type PlannedBag } from './bags.ts';
import { identityOf, prefixIdentityOf } from './identity.ts';
import { numbered, planSteps, type StepPlan } from './plan.ts';
import { planSurvivalEpoch } from './survival-steps.ts';

export interface PlannedRun {
  readonly bags: readonly PlannedBag[];
  readonly steps: readonly StepPlan[];
  /** Digest of all that decides the numbers. */
  readonly identity: string;
  /** Of its steps, whatever the number of epochs; see {@link prefixIdentityOf}. */
  readonly prefix?: string | undefined;
}

/** @param cohort with surveyed slides only */
export function planRun(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
): PlannedRun {
  const bags = planBags(cohort, surveyed, spec.patches);
  const trainingBags = bags.filter((bag) => bag.case.split === 'train');
  return {
    bags,
    steps: stepsOf(spec, trainingBags),
    identity: identityOf(spec, cohort, surveyed),
    prefix: prefixIdentityOf(spec, cohort, surveyed),
  };
}

function stepsOf(spec: WsiTrainingJobSpec, bags: readonly PlannedBag[]): StepPlan[] {
  const { seed, epochs, slidesPerStep } = spec.training;
  const survivals = bags.flatMap(({ outcome }) => (outcome.type === 'survival' ? [outcome] : []));
  if (survivals.length > 0) {
    return numbered(epochs, (epoch) => {
      return planSurvivalEpoch(survivals, slidesPerStep, new RandomStream(seed, `epoch/${epoch}/order`));
    });
  }
  const minimumBags = HEADS[spec.model.head.name].leastBags.count;
  return planSteps(bags.length, { seed, epochs, slidesPerStep, minimumBags });
}
