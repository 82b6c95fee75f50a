/** What the predicted classes of one split say, in numbers. */
import {
  accuracy,
  balancedAccuracy,
  balancedAccuracyInterval,
  brierOfShares,
  brierScore,
  clusteredAccuracy,
  confusionMatrix,
  logLoss,
  predictedClasses,
  type ConfusionMatrix,
} from '../classification.ts';
import type { Interval } from '../interval.ts';
import { meanRocArea, rocArea, rocCurve, type RocArea, type RocPoint } from '../roc.ts';
import type { ScoredCase, Unit } from './cases.ts';
import type { Estimate } from './estimate.ts';

export interface ClassArea {
  /** The class that is distinguished from the rest. */
  readonly index: number;
  readonly area: Estimate;
  readonly curve: readonly RocPoint[];
}

export interface ClassificationFinding {
  readonly split: string;
  readonly unit: Unit;
  /** Patients, or slides where the class belongs to the slide; the matrix' sum. */
  readonly cases: number;
  readonly patients: number;
  readonly bags: number;
  /** By class: patients of that class. */
  readonly classPatients: readonly number[];
  /** `matrix[actual][predicted]`; predicted is the most probable class. */
  readonly matrix: ConfusionMatrix;
  readonly accuracy: Estimate;
  readonly balancedAccuracy: number | undefined;
  /** Not of slides of which several are one patient's. */
  readonly balancedInterval: Interval | undefined;
  readonly brier: number | undefined;
  /** Of who gives every case the shares of the classes. */
  readonly brierOfShares: number | undefined;
  readonly logLoss: number;
  /** The positive class against the rest; without one the mean over the classes. Undefined with one class only. */
  readonly area: Estimate | undefined;
  /** One entry for the positive class, else one a class; only classes with both sides. */
  readonly areas: readonly ClassArea[];
}

interface Classified extends ScoredCase {
  readonly label: number;
  readonly row: readonly number[];
}

export interface ClassificationOptions {
  readonly unit: Unit;
  readonly classes: number;
  /** Index of the class to distinguish from the others; undefined: each from the rest. */
  readonly positive: number | undefined;
  readonly level: number;
}

/** @param cases of one split */
export function classificationFinding(
  split: string,
  cases: readonly ScoredCase[],
  { unit, classes, positive, level }: ClassificationOptions,
): ClassificationFinding | undefined {
  const classified = cases.flatMap((of): Classified[] =>
    of.outcome.type === 'classification' && of.probabilities?.length === classes && of.outcome.index < classes
      ? [{ ...of, label: of.outcome.index, row: of.probabilities }]
      : [],
  );
  if (classified.length === 0) return undefined;
  const labels = classified.map(({ label }) => label);
  const rows = classified.map(({ row }) => row);
  const patients = classified.map(({ patient }) => patient);
  const predicted = predictedClasses(rows);
  const matrix = confusionMatrix(labels, predicted, classes);
  const { accuracy: share, ...interval } =
    unit === 'patient'
      ? accuracy(matrix, level)!
      : clusteredAccuracy(
          labels.map((label, index) => label === predicted[index]),
          patients,
          level,
        )!;
  const options = { level, ...(unit === 'slide' && { clusters: patients }) };
  const areas = (positive === undefined ? [...Array(classes).keys()] : [positive]).flatMap((index) => {
    const scores = rows.map((row) => row[index]!);
    const truth = labels.map((label) => label === index);
    const area = rocArea(scores, truth, options);
    return area === undefined
      ? []
      : [{ index, area: areaEstimate(area, unit, level), curve: rocCurve(scores, truth) }];
  });
  const mean = positive === undefined ? meanRocArea(rows, labels, options) : undefined;
  return {
    split,
    unit,
    cases: classified.length,
    patients: new Set(patients).size,
    bags: classified.reduce((sum, { bags }) => sum + bags, 0),
    classPatients: Array.from(
      { length: classes },
      (_, index) => new Set(patients.filter((_patient, place) => labels[place] === index)).size,
    ),
    matrix,
    accuracy: {
      value: share,
      lower: interval.lower,
      upper: interval.upper,
      level,
      method: unit === 'patient' ? 'Wilson' : 'Wilson, patients as clusters',
      chance: undefined,
    },
    balancedAccuracy: balancedAccuracy(matrix),
    balancedInterval: unit === 'patient' ? balancedAccuracyInterval(matrix, level) : undefined,
    brier: brierScore(rows, labels),
    brierOfShares: brierOfShares(matrix),
    logLoss: logLoss(rows, labels),
    area: positive === undefined ? mean && areaEstimate(mean, unit, level) : areas[0]?.area,
    areas,
  };
}

function areaEstimate(area: RocArea, unit: Unit, level: number): Estimate {
  const own = area.intervalMethod === 'DeLong' && unit === 'slide' ? 'Obuchowski' : area.intervalMethod;
  return {
    value: area.auc,
    lower: area.lower,
    upper: area.upper,
    level,
    method: own === 'Newcombe' ? own : `${own}, log-odds scale`,
    chance: 0.5,
  };
}

/** Classes that the model predicted for nobody or somebody: the indices of the columns that are not empty. */
export function predictedColumns(matrix: ConfusionMatrix): number[] {
  return [...matrix.keys()].filter((column) => matrix.some((row) => row[column]! > 0));
}
