/** What a run's predictions say: their numbers and the verdict. Pure; the sections only write it down. */
import { evaluatePredictions, verdictOf, type Evaluation, type Verdict } from '@wsi-operator/statistics';
import { asText, member } from './json-shape.ts';
import { classOf } from './read-predictions.ts';
import type { Prediction, Run } from './run.ts';

export interface Judgement {
  readonly evaluation: Evaluation;
  readonly verdict: Verdict;
  /** Class names by index; none for survival. */
  readonly classes: readonly string[];
}

export function judge(run: Pick<Run, 'predictions' | 'result'>): Judgement {
  const classes = classNames(run.predictions);
  const named = asText(member(run.result, 'positiveClass')) ?? asText(member(run.result, ...POSITIVE));
  const positive = named === undefined ? -1 : classes.indexOf(named);
  const evaluation = evaluatePredictions(run.predictions, {
    classes,
    positive: positive < 0 ? undefined : positive,
  });
  return { evaluation, verdict: verdictOf(evaluation), classes };
}

const POSITIVE = ['job', 'spec', 'cohort', 'outcome', 'positive'];

/** Names by class index, as far as the predictions have them. */
export function classNames(predictions: readonly Prediction[]): string[] {
  const count = predictions.reduce(
    (most, { probabilities }) => Math.max(most, probabilities?.length ?? 0),
    0,
  );
  const names = Array.from({ length: count }, (_, index) => `class ${index}`);
  for (const { outcome, classes } of predictions) {
    classes?.forEach((name, index) => (names[index] = name));
    const known = classOf(outcome);
    if (known !== undefined && known.index < count) names[known.index] = known.name;
  }
  return names;
}
