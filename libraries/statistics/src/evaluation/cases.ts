/**
 * What is evaluated, and what counts as one case. Patients are what was sampled independently: a patient's slides are
 * not new evidence, however many there are.
 */
import type { Survival } from '../samples.ts';

export type CaseOutcome =
  { readonly type: 'classification'; readonly index: number } | ({ readonly type: 'survival' } & Survival);

/** A prediction of one bag: of a patient or, with `bag: slide`, of a slide. */
export interface PredictedCase {
  readonly patient: string;
  readonly split: string;
  readonly outcome: CaseOutcome;
  /** Survival: the log hazard ratio. Classification: a number a class is in `probabilities`. */
  readonly score: number;
  readonly probabilities?: readonly number[] | undefined;
  readonly treatment?: string | undefined;
}

/**
 * `patient`: a patient has one outcome, so that the patient's bags are averaged and the patient counts once. `slide`:
 * the class belongs to the slide (some patient has slides of different classes), so that slides are counted and every
 * interval takes the slides of a patient together.
 */
export type Unit = 'patient' | 'slide';

export function unitOf(cases: readonly PredictedCase[]): Unit {
  const classes = new Map<string, number>();
  for (const { patient, outcome } of cases) {
    if (outcome.type !== 'classification') continue;
    const before = classes.get(patient);
    if (before !== undefined && before !== outcome.index) return 'slide';
    classes.set(patient, outcome.index);
  }
  return 'patient';
}

export interface ScoredCase extends PredictedCase {
  /** Bags that the prediction is the mean of. */
  readonly bags: number;
}

/**
 * One case a patient and split: the mean of the probabilities, or of the log hazard ratios, of the patient's bags, in
 * the order of their first. With one bag a patient the numbers are the bag's, to the bit.
 */
export function byPatient(cases: readonly PredictedCase[]): ScoredCase[] {
  const groups = Map.groupBy(cases, ({ patient, split }) => JSON.stringify([split, patient]));
  return [...groups.values()].map((bags) => {
    const [first] = bags as [PredictedCase];
    const rows = bags.flatMap(({ probabilities }) => (probabilities === undefined ? [] : [probabilities]));
    return {
      ...first,
      bags: bags.length,
      score: meanOf(bags.map(({ score }) => score)),
      ...(rows.length === bags.length && {
        probabilities: first.probabilities!.map((_, index) => meanOf(rows.map((row) => row[index]!))),
      }),
    };
  });
}

/**
 * Rounding must neither make nor break ties between patients: equal values have that value as their mean, and others
 * are rounded to 12 digits, so that the order of the bags and copies of them change nothing.
 */
function meanOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  if (low === high) return low;
  return Number((sorted.reduce((sum, value) => sum + value, 0) / sorted.length).toPrecision(12));
}

/** A diverged model gives no numbers; such cases are counted, not scored. */
export function isScored({ score, probabilities = [] }: PredictedCase): boolean {
  return Number.isFinite(score) && probabilities.every((value) => Number.isFinite(value));
}
