/** How well a run's predictions agree with the outcomes, as `result.json` and `predictions.json` say it. Pure. */
import {
  SPLIT_ORDER,
  type ClassificationFinding,
  type Estimate,
  type Evaluation,
  type SurvivalFinding,
} from '@wsi-operator/statistics';
import type { Prediction } from '../../scoring/prediction.ts';
import { positiveIndex, type ModelDescription } from '../../plan/model.ts';

/** An estimate with its confidence interval and who it is of. */
export interface WrittenEstimate {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly method: string;
  readonly patients: number;
  readonly events?: number;
}

/** One split. */
export interface WrittenEvaluation {
  /** What counts as one case: `slide` only where slides of a patient differ in class; see docs/statistics.md. */
  readonly unit: Evaluation['unit'];
  readonly patients: number;
  readonly bags: number;
  /** Classification: patients by class. */
  readonly classes?: Readonly<Record<string, number>>;
  /** Survival: patients with an event. */
  readonly events?: number;
  /** `auc` (with more classes than two their mean), `accuracy`, `cIndex`; what does not exist is not there. */
  readonly estimates: Readonly<Record<string, WrittenEstimate>>;
  /** More classes than two: each against the rest. */
  readonly aucByClass?: Readonly<Record<string, WrittenEstimate>>;
  /** Classification: `confusion[actual][predicted]` = cases. */
  readonly confusion?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Survival: patients above against those up to the cut, the median log hazard ratio of the training patients. */
  readonly riskGroups?: {
    readonly cut: number;
    readonly patients: Readonly<Record<string, number>>;
    readonly logRank?: {
      readonly chiSquared: number;
      readonly degreesOfFreedom: number;
      readonly pValue: number;
    };
  };
}

export function writtenEvaluation(evaluation: Evaluation): Record<string, WrittenEvaluation> {
  const { classification, survival, classes, unit } = evaluation;
  const written = [
    ...classification.map((finding) => [finding.split, classified(finding, classes)] as const),
    ...survival.map((finding) => [finding.split, { unit, ...survived(finding) }] as const),
  ];
  // In the order of the metrics: train, validation, test.
  return Object.fromEntries(written.sort(([a], [b]) => SPLIT_ORDER.indexOf(b) - SPLIT_ORDER.indexOf(a)));
}

function classified(finding: ClassificationFinding, classes: readonly string[]): WrittenEvaluation {
  const { unit, patients, bags, classPatients, matrix, area, areas, accuracy } = finding;
  const of = { patients };
  const byName = <Value>(values: readonly Value[]): Record<string, Value> =>
    Object.fromEntries(classes.map((name, index) => [name, values[index]!]));
  return {
    unit,
    patients,
    bags,
    classes: byName(classPatients),
    estimates: {
      ...(area !== undefined && { auc: written(area, of) }),
      accuracy: written(accuracy, of),
    },
    ...(classes.length > 2 && {
      aucByClass: Object.fromEntries(areas.map((one) => [classes[one.index]!, written(one.area, of)])),
    }),
    confusion: byName(matrix.map(byName)),
  };
}

function survived(finding: SurvivalFinding): Omit<WrittenEvaluation, 'unit'> {
  const { patients, bags, events, concordance, cut, groupings } = finding;
  const [byRisk] = groupings;
  const { test } = byRisk!;
  return {
    patients,
    bags,
    events,
    estimates: concordance === undefined ? {} : { cIndex: written(concordance, { patients, events }) },
    riskGroups: {
      cut,
      patients: Object.fromEntries(byRisk!.groups.map(({ name, curve }) => [name, curve.cases])),
      ...(test !== undefined && {
        logRank: {
          chiSquared: test.chiSquared,
          degreesOfFreedom: test.degreesOfFreedom,
          pValue: test.pValue,
        },
      }),
    },
  };
}

function written(
  { value, lower, upper, level, method }: Estimate,
  of: { readonly patients: number; readonly events?: number },
): WrittenEstimate {
  return { value, lower, upper, level, method, ...of };
}

/** A row of `predictions.json`: classes are named. */
export type WrittenPrediction = Omit<Prediction, 'probabilities'> & {
  /** The most probable class. */
  readonly predicted?: string;
  /** The class that the score is the probability of. */
  readonly positiveClass?: string;
  readonly probabilities?: Readonly<Record<string, number>>;
};

export function writtenPredictions(
  predictions: readonly Prediction[],
  description: Pick<ModelDescription, 'classes' | 'positive'>,
): WrittenPrediction[] {
  const { classes } = description;
  const positive = classes[positiveIndex(description) ?? -1];
  return predictions.map(({ probabilities, ...prediction }) => {
    if (probabilities === undefined) return prediction;
    const most = probabilities.indexOf(Math.max(...probabilities));
    return {
      ...prediction,
      ...(positive === undefined ? {} : { positiveClass: positive }),
      ...(most < 0 ? {} : { predicted: classes[most]! }),
      probabilities: Object.fromEntries(classes.map((name, index) => [name, probabilities[index]!])),
    };
  });
}
