/** What is computed in a run, from the slides that are in it: a pure function, evaluated again when slides are left out. */
import { HEADS, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import type { SurveyedSlide } from './surveyed-slide.ts';
import { planBags, type PlannedBag } from './bags.ts';
import { identityOf } from './identity.ts';
import { planSteps, type StepPlan } from './plan.ts';

export interface PlannedRun {
  readonly bags: readonly PlannedBag[];
  readonly steps: readonly StepPlan[];
  /** Digest of all that decides the numbers. */
  readonly identity: string;
}

/** @param cohort with surveyed slides only */
export function planRun(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
): PlannedRun {
  const bags = planBags(cohort, surveyed, spec.patches);
  const trainingBags = bags.filter((bag) => bag.case.split === 'train');
  const { seed, epochs, slidesPerStep } = spec.training;
  const minimumBags = HEADS[spec.model.head.name].leastBags.count;
  const steps = planSteps(trainingBags.length, { seed, epochs, slidesPerStep, minimumBags });
  return { bags, steps, identity: identityOf(spec, cohort, surveyed) };
}
