/** Whether the validation set of a run can tell one epoch from another; said before anything is computed. */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import { metricsOfSplit } from '@wsi-operator/statistics';
import type { PlannedBag } from '../../plan/bags.ts';
import type { ModelDescription } from '../../plan/model.ts';
import type { Prediction } from '../../scoring/prediction.ts';
import { cohortUnit, evaluationOf } from './evaluation.ts';
import type { SelectionRule } from '../../selection/selection.ts';

/**
 * @param bags of all splits
 * @throws WsiError `InvalidCohort` when the metric is not defined for the validation set: no patients, a single class, or
 *   no two patients whose survival can be compared
 */
export function requireSelectable(
  bags: readonly PlannedBag[],
  { metric }: SelectionRule,
  { classes, positive }: Pick<ModelDescription, 'classes' | 'positive'>,
): void {
  const seen = bags.filter((bag) => bag.case.split !== 'test');
  const predictions = seen
    .filter((bag) => bag.case.split === 'validation')
    .map(({ case: { patient, bag, slides, split, outcome } }): Prediction => {
      // What is predicted does not matter for whether the metric exists.
      const probabilities = classes.map(() => 1 / classes.length);
      const any = { patient, bag, slides, split, outcome, score: 0.5 };
      return classes.length === 0 ? any : { ...any, probabilities };
    });
  const description = positive === undefined ? { classes } : { classes, positive };
  const values = metricsOfSplit(evaluationOf(predictions, description, cohortUnit(seen)), 'validation');
  if (values[metric] !== undefined) return;
  const problem =
    predictions.length === 0
      ? publicText`the validation set is empty`
      : publicText`${ownText(metric)} is not defined for the ${predictions.length} bags of the validation set: it needs ${ownText(NEEDS[metric])}`;
  throw new WsiError('InvalidCohort', problem, {
    where: publicText`spec.training.selection`,
    remedy: publicText`Give the validation set more patients (cohort.split.validation or the split column), or choose another metric.`,
  });
}

const NEEDS = {
  auc: 'patients of two classes or more',
  accuracy: 'patients',
  logLoss: 'patients',
  cIndex: 'two patients of whom one is known to have lived longer',
} as const satisfies Readonly<Record<SelectionRule['metric'], string>>;
