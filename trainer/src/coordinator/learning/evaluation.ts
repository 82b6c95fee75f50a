/** Evaluation: scores of bags at one version of the parameters, and the metrics of each split. */
import {
  evaluatePredictions,
  unitOf,
  type Evaluation,
  type PredictedCase,
  type Unit,
} from '@wsi-operator/statistics';
import type { ScoredBag } from '../../aggregators/index.ts';
import type { PlannedBag } from '../../plan/bags.ts';
import { caseOutcome } from '../../plan/head-outcome.ts';
import type { Prediction } from '../../scoring/prediction.ts';
import { scoreBag, type ScoringModel, type ScoringOptions } from '../../scoring/score-bag.ts';
import { positiveIndex, type ModelDescription } from '../../plan/model.ts';

export interface EvaluatedBag extends Pick<ScoredBag, 'tileScores'> {
  readonly prediction: Prediction;
}

export async function evaluateBag(
  bag: PlannedBag,
  index: number,
  model: ScoringModel,
  options: ScoringOptions,
): Promise<EvaluatedBag> {
  const { tileScores, ...scored } = await scoreBag(bag, index, model, options);
  return { prediction: { ...described(bag), ...scored }, tileScores };
}

function described({ case: of }: PlannedBag): Omit<Prediction, 'score' | 'probabilities'> {
  const { patient, bag, slides, split, outcome, treatment } = of;
  return { patient, bag, slides, split, outcome, ...(treatment === undefined ? {} : { treatment }) };
}

/** The numbers of predictions, as every report of the run has them. */
export function evaluationOf(
  predictions: readonly Prediction[],
  description: Pick<ModelDescription, 'classes' | 'positive'>,
  unit?: Unit,
): Evaluation {
  const { classes } = description;
  const cases = predictions.map((prediction): PredictedCase => ({
    ...prediction,
    outcome: caseOutcome(prediction.outcome),
  }));
  return evaluatePredictions(cases, {
    classes,
    positive: positiveIndex(description),
    ...(unit === undefined ? {} : { unit }),
  });
}

/** What counts as one case in a cohort; the same for all of its splits. */
export function cohortUnit(bags: readonly PlannedBag[]): Unit {
  return unitOf(
    bags.map(({ case: { patient, split, outcome } }) => ({
      patient,
      split,
      outcome: caseOutcome(outcome),
      score: 0,
    })),
  );
}
