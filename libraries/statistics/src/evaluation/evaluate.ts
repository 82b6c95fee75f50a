/** From predictions to findings: the one place where the report, `result.json` and the command line get their numbers. */
import { byPatient, isScored, unitOf, type PredictedCase, type ScoredCase, type Unit } from './cases.ts';
import { classificationFinding, type ClassificationFinding } from './classification.ts';
import { followed, survivalFinding, type SurvivalFinding } from './survival.ts';

export interface EvaluationOptions {
  /** Class names by index; none for survival. */
  readonly classes?: readonly string[];
  /** Index of the positive class. Two classes: the second by default. More: none by default. */
  readonly positive?: number | undefined;
  /** Default 0.95. */
  readonly level?: number;
  /** Given where only a part of the cohort is evaluated; otherwise derived from the predictions. */
  readonly unit?: Unit;
}

export interface Evaluation {
  readonly classes: readonly string[];
  readonly positive: number | undefined;
  readonly unit: Unit;
  /** One a split, in the order of trust; empty when the outcome is of the other kind. */
  readonly classification: readonly ClassificationFinding[];
  readonly survival: readonly SurvivalFinding[];
  /** Predictions that are no number, and so are in none of these. */
  readonly unscored: number;
}

/** Splits in the order of trust: what the model never saw comes first. */
export const SPLIT_ORDER: readonly string[] = ['test', 'validation', 'train'];

/** The items by split, in the order of trust; splits of other names come last. */
export function bySplit<Item extends { readonly split: string }>(items: readonly Item[]): [string, Item[]][] {
  const rank = (split: string): number => (SPLIT_ORDER.includes(split) ? SPLIT_ORDER.indexOf(split) : 99);
  return [...Map.groupBy(items, ({ split }) => split)].sort(([a], [b]) => rank(a) - rank(b));
}

/** Pure; the order of the predictions and copies of them change nothing. */
export function evaluatePredictions(
  predictions: readonly PredictedCase[],
  { classes = [], positive: chosen, level = 0.95, unit: givenUnit }: EvaluationOptions = {},
): Evaluation {
  const scored = predictions.filter(isScored);
  const positive = chosen ?? (classes.length === 2 ? 1 : undefined);
  const unit = givenUnit ?? unitOf(scored);
  const cases: ScoredCase[] =
    unit === 'patient' ? byPatient(scored) : scored.map((of) => ({ ...of, bags: 1 }));
  const options = { unit, classes: classes.length, positive, level };
  const withTime = followed(cases);
  const training = withTime.filter(({ split }) => split === 'train');
  return {
    classes,
    positive,
    unit,
    classification: bySplit(cases).flatMap(([split, of]) => classificationFinding(split, of, options) ?? []),
    survival: bySplit(withTime).map(([split, of]) =>
      survivalFinding(split, of, { reference: training.length > 0 ? training : of, level }),
    ),
    unscored: predictions.length - scored.length,
  };
}

/** The metrics of one split by name, e.g. `auc`; one that is not defined for these cases is left out. */
export function metricsOfSplit(evaluation: Evaluation, split: string): Record<string, number> {
  const classified = evaluation.classification.find((finding) => finding.split === split);
  const survived = evaluation.survival.find((finding) => finding.split === split);
  const metrics: Record<string, number | undefined> = {
    accuracy: classified?.accuracy.value,
    logLoss: classified?.logLoss,
    auc: classified?.area?.value,
    cIndex: survived?.concordance?.value,
  };
  return Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
