/**
 * Patient-level splits: pure functions of (patients, seed). Patients are ordered by SHA-256 of the seed and their id,
 * so the order of the table's rows has no influence, and in every stratum (class, or event and treatment arm) each
 * part has the floor or the ceiling of its exact share.
 */
import { sha256, WsiError } from '@wsi-operator/foundation';
import { compareText, type Split, SPLITS } from './cohort.ts';

export interface StratifiedPatient {
  readonly patient: string;
  /** Patients of one stratum are spread evenly over the parts. */
  readonly stratum: string;
}

export interface FractionSplit {
  readonly test: number;
  readonly validation: number;
  /** A number, or a text where several divisions of the same patients must differ. */
  readonly seed: number | string;
}

/**
 * Train, validation and test by fractions. Training has what the others leave.
 * @throws WsiError InvalidArgument for fractions outside [0, 1) or a sum of 1 and more
 */
export function splitPatients(
  patients: readonly StratifiedPatient[],
  { test, validation, seed }: FractionSplit,
): Map<string, Split> {
  if (!(test >= 0 && validation >= 0 && test + validation < 1)) {
    throw new WsiError(
      'InvalidArgument',
      `the split's fractions test=${test} and validation=${validation} leave nothing to train on.`,
      { remedy: 'Both must be at least 0 and their sum below 1.' },
    );
  }
  const fractions: Record<Split, number> = { train: 1 - test - validation, validation, test };
  const assigned: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  const owed: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  const result = new Map<string, Split>();
  for (const stratum of strata(patients, seed)) {
    for (const part of SPLITS) owed[part] += fractions[part] * stratum.length;
    const seats = apportion(stratum.length, fractions, (part) => owed[part] - assigned[part]);
    let next = 0;
    for (const part of SPLITS) {
      assigned[part] += seats[part];
      for (const patient of stratum.slice(next, next + seats[part])) result.set(patient, part);
      next += seats[part];
    }
  }
  return result;
}

/**
 * The fold (0 to folds - 1) of every patient; fold sizes differ by at most one, in each stratum and in all.
 * @throws WsiError InvalidArgument for fewer than 2 folds or fewer patients than folds
 */
export function foldPatients(
  patients: readonly StratifiedPatient[],
  { folds, seed }: { readonly folds: number; readonly seed: number },
): Map<string, number> {
  if (!Number.isInteger(folds) || folds < 2) {
    throw new WsiError('InvalidArgument', `a cohort cannot be split into ${folds} folds.`, {
      remedy: 'Give 2 or more.',
    });
  }
  const result = new Map<string, number>();
  // Dealing goes on where the last stratum ended, which keeps the folds' totals within one of each other too.
  let dealt = 0;
  for (const stratum of strata(patients, seed)) {
    for (const patient of stratum) result.set(patient, dealt++ % folds);
  }
  if (result.size < folds) {
    throw new WsiError('InvalidArgument', `${result.size} patients cannot fill ${folds} folds.`, {
      remedy: 'Use fewer folds.',
    });
  }
  return result;
}

/**
 * Train, validation and test of a cross-validation: one fold is held out as the test set, and the validation set is drawn
 * from the patients outside it, others in each fold.
 * @param split validation: a share of all patients, [0, 1 - 1 / folds)
 * @throws WsiError InvalidArgument when a fold or a share cannot be
 */
export function splitFolds(
  patients: readonly StratifiedPatient[],
  split: {
    readonly folds: number;
    readonly fold: number;
    readonly validation: number;
    readonly seed: number;
  },
): Map<string, Split> {
  const { folds, fold: held, validation, seed } = split;
  const foldOf = foldPatients(patients, { folds, seed });
  if (!(Number.isInteger(held) && held >= 0 && held < folds)) {
    throw new WsiError('InvalidArgument', `fold ${held} is not one of the ${folds} folds.`, {
      remedy: `Folds are numbered from 0 to ${folds - 1}.`,
    });
  }
  const outside = patients.filter(({ patient }) => foldOf.get(patient) !== held);
  const share = (validation * patients.length) / outside.length;
  const divided = splitPatients(outside, { test: 0, validation: share, seed: `${seed}\nfold ${held}` });
  return new Map([...foldOf.keys()].map((patient) => [patient, divided.get(patient) ?? 'test']));
}

/** The patients of each stratum in their seeded order; strata sorted by name. */
function strata(patients: readonly StratifiedPatient[], seed: number | string): string[][] {
  const groups = new Map<string, { patient: string; key: string }[]>();
  for (const { patient, stratum } of patients) {
    const group = groups.get(stratum) ?? [];
    group.push({ patient, key: sha256(`split\n${seed}\n${patient}`) });
    groups.set(stratum, group);
  }
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, group]) => group.sort((a, b) => compareText(a.key, b.key)).map(({ patient }) => patient));
}

/**
 * Seats of each part: the floor of its share, and the left-over seats one each to: training when it would be empty,
 * then test, then validation likewise, then whoever is owed most over all strata so far.
 */
function apportion(
  count: number,
  fractions: Readonly<Record<Split, number>>,
  owed: (part: Split) => number,
): Record<Split, number> {
  const seats: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  const candidates: { part: Split; urgency: number; owed: number }[] = [];
  let left = count;
  for (const part of SPLITS) {
    const share = fractions[part] * count;
    // 0.3 * 10 is 3.0000000000000004 in some order of operations: a share this near to whole is whole.
    const floor = Math.floor(share + 1e-9);
    seats[part] = floor;
    left -= floor;
    if (share - floor > 1e-9) {
      const urgency = floor > 0 ? 3 : { train: 0, test: 1, validation: 2 }[part];
      candidates.push({ part, urgency, owed: owed(part) - floor });
    }
  }
  candidates.sort((a, b) => a.urgency - b.urgency || b.owed - a.owed);
  for (const { part } of candidates.slice(0, left)) seats[part]++;
  return seats;
}
