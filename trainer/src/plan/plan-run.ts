/** What is computed in a run, from the slides that are in it: a pure function, evaluated again when slides are left out. */
import { HEADS, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { RandomStream } from '@wsi-operator/foundation';
import type { SurveyedSlide } from './surveyed-slide.ts';
import { planBags, type PlannedBag } from './bags.ts';
import { balancedEpoch, targetsOf } from './class-balance.ts';
import { identityOf, prefixIdentityOf, type Beside } from './identity.ts';
import { numbered, planSteps, type StepPlan } from './plan.ts';
import { planSurvivalEpoch } from './survival-steps.ts';
import { tileOrigin } from './tile-origin.ts';

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
  beside: Beside = {},
): PlannedRun {
  const { patches } = tileOrigin(beside.features).describe(spec);
  const bags = withTargets(planBags(cohort, surveyed, patches), cohort.classes, spec.training);
  const trainingBags = bags.filter((bag) => bag.case.split === 'train');
  return {
    bags,
    steps: stepsOf(spec, trainingBags),
    identity: identityOf(spec, cohort, surveyed, beside),
    prefix: prefixIdentityOf(spec, cohort, surveyed, beside),
  };
}

/** Training bags with what the job says of its loss. */
function withTargets(
  bags: readonly PlannedBag[],
  classes: readonly string[],
  training: WsiTrainingJobSpec['training'],
): readonly PlannedBag[] {
  const trained = bags.filter((bag) => bag.case.split === 'train');
  const outcomes = targetsOf(
    trained.map(({ outcome }) => outcome),
    classes,
    training,
  );
  const targets = new Map(trained.map((bag, index) => [bag, outcomes[index]!]));
  return bags.map((bag) => ({ ...bag, outcome: targets.get(bag) ?? bag.outcome }));
}

function stepsOf(spec: WsiTrainingJobSpec, bags: readonly PlannedBag[]): StepPlan[] {
  const { seed, epochs, slidesPerStep } = spec.training;
  const survivals = bags.flatMap(({ outcome }) => (outcome.type === 'survival' ? [outcome] : []));
  if (survivals.length > 0) {
    return numbered(epochs, (epoch) => {
      return planSurvivalEpoch(survivals, slidesPerStep, new RandomStream(seed, `epoch/${epoch}/order`));
    });
  }
  if (spec.training.sampling === 'balanced') {
    const labels = bags.map(({ outcome }) => (outcome.type === 'classification' ? outcome.index : 0));
    return numbered(epochs, (epoch) => {
      const stream = new RandomStream(seed, `epoch/${epoch}/order`);
      return balancedEpoch(labels, slidesPerStep, stream).map((of) => ({ bags: of }));
    });
  }
  const minimumBags = HEADS[spec.model.head.name].leastBags.count;
  return planSteps(bags.length, { seed, epochs, slidesPerStep, minimumBags });
}
