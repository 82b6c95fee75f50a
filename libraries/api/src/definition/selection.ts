/** Which epoch of a training is kept, by a metric of the validation set. */
import { choice, integer, object, optional, required } from '../schema/build.ts';
import type { Rule } from '../schema/node.ts';
import { meaningsOf, OUTCOME_TYPES, type OutcomeType } from './model-parts.ts';

interface SelectionMetricFacts {
  readonly means: string;
  readonly outcome: OutcomeType;
  readonly better: 'higher' | 'lower';
}

const metrics = {
  auc: {
    means: 'area under the ROC curve, of several classes their mean; higher is better; classification only',
    outcome: 'classification',
    better: 'higher',
  },
  accuracy: {
    means: 'share of correct predictions; higher is better; classification only',
    outcome: 'classification',
    better: 'higher',
  },
  logLoss: {
    means: 'mean negative log-likelihood; lower is better; classification only',
    outcome: 'classification',
    better: 'lower',
  },
  cIndex: {
    means: "Harrell's concordance index; higher is better; survival only",
    outcome: 'survival',
    better: 'higher',
  },
} as const satisfies Readonly<Record<string, SelectionMetricFacts>>;

export type SelectionMetric = keyof typeof metrics;
/** Named as in `metrics.jsonl`. */
export const SELECTION_METRICS: Readonly<Record<SelectionMetric, SelectionMetricFacts>> = metrics;

export const selection = object(
  'Which epoch is kept. Absent: the last one. Present: the best one by a metric of the validation set, which is measured after every epoch. Its checkpoint is kept whatever `checkpoint.keep` says; evaluation, result and predictions are of it. The test set has no part in it.',
  {
    metric: required(
      choice(
        'The metric of the validation set that decides; of equal ones the earliest epoch.',
        meaningsOf(metrics),
      ),
    ),
    patience: optional(
      integer('Epochs in a row without a better one after which training ends. Absent: all are trained.', {
        minimum: 1,
        maximum: 100000,
        unit: 'epochs',
      }),
    ),
  },
);

/** Of the whole spec: the metric exists for the outcome, and there is a validation set to measure it on. */
export const selectionRules: readonly Rule[] = [
  ...OUTCOME_TYPES.map((outcome): Rule => {
    const names = Object.entries(metrics).flatMap(([name, of]) => (of.outcome === outcome ? [name] : []));
    return {
      cel: `!has(self.training.selection) || self.cohort.outcome.type != '${outcome}' || self.training.selection.metric in ['${names.join("', '")}']`,
      message: `a ${outcome} outcome is selected by ${names.join(' or ')}`,
      field: 'training.selection.metric',
    };
  }),
  {
    cel: '!has(self.training.selection) || has(self.cohort.split.column) || self.cohort.split.validation > 0.0',
    message: 'selection needs a validation set: the test set has no part in it',
    field: 'training.selection',
    remedy: 'Set cohort.split.validation, such as 0.2, or name patients of it in the split column.',
  },
];
