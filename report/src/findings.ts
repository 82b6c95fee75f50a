/** What the predictions of one split say, in numbers. Pure; the sections only write it down. */
import {
  accuracy,
  balancedAccuracy,
  bootstrapInterval,
  brierScore,
  concordanceIndex,
  confusionMatrix,
  kaplanMeier,
  logRankTest,
  predictedClasses,
  quantile,
  rocArea,
  rocCurve,
  type Accuracy,
  type ConfusionMatrix,
  type Interval,
  type LogRank,
  type RocPoint,
  type Survival,
  type SurvivalCurve,
} from '@wsi/statistics';
import { bySplit, type Prediction } from './run.ts';

export interface Estimate extends Interval {
  readonly value: number;
  /** How the interval was made. */
  readonly method: string;
}

export interface ClassFinding {
  /** What is told from the rest. */
  readonly name: string;
  readonly area: Estimate;
  readonly curve: readonly RocPoint[];
}

export interface ClassificationFinding {
  readonly split: string;
  readonly bags: number;
  readonly patients: number;
  readonly matrix: ConfusionMatrix;
  readonly accuracy: Accuracy;
  readonly balancedAccuracy: number | undefined;
  readonly brier: number | undefined;
  /** Two classes: one entry, for class 1. More: one a class, against the rest. Only classes with both sides. */
  readonly areas: readonly ClassFinding[];
}

export interface SurvivalGroup {
  readonly name: string;
  readonly curve: SurvivalCurve;
}

export interface SurvivalGroups {
  readonly title: string;
  readonly groups: readonly SurvivalGroup[];
  readonly test: LogRank | undefined;
}

export interface SurvivalFinding {
  readonly split: string;
  readonly bags: number;
  readonly patients: number;
  readonly events: number;
  readonly concordance: Estimate | undefined;
  readonly groupings: readonly SurvivalGroups[];
}

const LEVEL = 0.95;
const RESAMPLES = 1000;

/** Names by class index, as far as the predictions tell them. */
export function classNames(predictions: readonly Prediction[]): string[] {
  const count = predictions.reduce(
    (most, { probabilities }) => Math.max(most, probabilities?.length ?? 0),
    0,
  );
  const names = Array.from({ length: count }, (_, index) => `class ${index}`);
  for (const { outcome } of predictions) {
    if (outcome.type === 'classification' && outcome.index < count) names[outcome.index] = outcome.name;
  }
  return names;
}

interface Classified extends Prediction {
  readonly label: number;
  readonly row: readonly number[];
}

export function classificationFindings(predictions: readonly Prediction[]): ClassificationFinding[] {
  const names = classNames(predictions);
  const classified = predictions.flatMap((prediction): Classified[] => {
    const { outcome, probabilities: row } = prediction;
    if (outcome.type !== 'classification' || row?.length !== names.length || outcome.index >= names.length)
      return [];
    return [{ ...prediction, label: outcome.index, row }];
  });
  return bySplit(classified).map(([split, cases]) => {
    const labels = cases.map(({ label }) => label);
    const rows = cases.map(({ row }) => row);
    const matrix = confusionMatrix(labels, predictedClasses(rows), names.length);
    const told = names.length === 2 ? [1] : [...names.keys()];
    return {
      split,
      bags: cases.length,
      patients: patientsOf(cases).length,
      matrix,
      accuracy: accuracy(matrix, LEVEL)!,
      balancedAccuracy: balancedAccuracy(matrix),
      brier: brierScore(rows, labels),
      areas: told.flatMap((index) => classFinding(cases, index, names[index]!) ?? []),
    };
  });
}

function classFinding(cases: readonly Classified[], index: number, name: string): ClassFinding | undefined {
  const arguments_ = (sample: readonly Classified[]): [number[], boolean[]] => [
    sample.map(({ row }) => row[index]!),
    sample.map(({ label }) => label === index),
  ];
  const area = rocArea(...arguments_(cases), LEVEL);
  if (area === undefined) return undefined;
  const clustered = clusteredInterval(cases, (sample) => rocArea(...arguments_(sample))?.auc);
  return {
    name,
    area: clustered
      ? { value: area.auc, ...clustered }
      : { ...area, value: area.auc, method: area.intervalMethod },
    curve: rocCurve(...arguments_(cases)),
  };
}

interface Followed extends Prediction {
  readonly survival: Survival;
}

export function survivalFindings(predictions: readonly Prediction[]): SurvivalFinding[] {
  const followed = predictions.flatMap((prediction): Followed[] =>
    prediction.outcome.type === 'survival' ? [{ ...prediction, survival: prediction.outcome }] : [],
  );
  const training = followed.filter(({ split }) => split === 'train');
  return bySplit(followed).map(([split, cases]) => ({
    split,
    bags: cases.length,
    patients: patientsOf(cases).length,
    events: cases.filter(({ survival }) => survival.event).length,
    concordance: concordanceOf(cases),
    groupings: groupingsOf(cases, training.length > 0 ? training : cases),
  }));
}

function concordanceOf(cases: readonly Followed[]): Estimate | undefined {
  const result = concordanceIndex(
    cases.map(({ score }) => score),
    cases.map(({ survival }) => survival),
    { level: LEVEL, clusters: cases.map(({ patient }) => patient) },
  );
  return result && { ...result, value: result.concordance, method: 'infinitesimal jackknife over patients' };
}

/** @param reference whose median risk is the cut: the training patients', so that the test set does not choose it */
function groupingsOf(cases: readonly Followed[], reference: readonly Followed[]): SurvivalGroups[] {
  const cut = quantile(
    reference.map(({ score }) => score).sort((a, b) => a - b),
    0.5,
  );
  const low = cases.filter(({ score }) => score <= cut);
  const high = cases.filter(({ score }) => score > cut);
  const arms = [...new Set(cases.flatMap(({ treatment }) => treatment ?? []))].sort();
  const byArm = (title: string, members: readonly Followed[]): SurvivalGroups =>
    grouping(
      title,
      arms.map((arm) => [arm, members.filter(({ treatment }) => treatment === arm)]),
    );
  return [
    grouping('by predicted risk', [
      ['low risk', low],
      ['high risk', high],
    ]),
    ...(arms.length < 2
      ? []
      : [
          byArm('by treatment, all patients', cases),
          byArm('by treatment, predicted low risk', low),
          byArm('by treatment, predicted high risk', high),
        ]),
  ];
}

function grouping(
  title: string,
  members: readonly (readonly [string, readonly Followed[]])[],
): SurvivalGroups {
  const outcomes = members.map(([name, group]) => ({
    name,
    survivals: group.map(({ survival }) => survival),
  }));
  return {
    title,
    groups: outcomes.flatMap(({ name, survivals }) =>
      survivals.length === 0
        ? []
        : [{ name: `${name} (${survivals.length})`, curve: kaplanMeier(survivals, LEVEL) }],
    ),
    test: logRankTest(outcomes.map(({ survivals }) => survivals)),
  };
}

/** With several bags a patient the bags are not independent: patients are resampled, with all their bags. */
function clusteredInterval<Case extends Prediction>(
  cases: readonly Case[],
  statistic: (sample: readonly Case[]) => number | undefined,
): (Interval & { method: string }) | undefined {
  const patients = patientsOf(cases);
  if (patients.length === cases.length) return undefined;
  const options = { seed: 0, resamples: RESAMPLES, level: LEVEL };
  const interval = bootstrapInterval(patients, (sample) => statistic(sample.flat()), options);
  return interval && { ...interval, method: 'bootstrap over patients' };
}

function patientsOf<Case extends Prediction>(cases: readonly Case[]): Case[][] {
  return [...Map.groupBy(cases, ({ patient }) => patient).values()];
}
