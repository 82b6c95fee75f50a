/** Arms too small to be compared, and what small groups do to the shares of the split (pure). */
import type { Cohort, CohortSpec } from './cohort.ts';
import { enumerate } from './problems.ts';
import { quoted } from './spelling/characters.ts';

/** With fewer patients nothing can be said of an arm. */
const FEW_PATIENTS = 5;
/** More are no arms of a study, but something that was written down. */
const MANY_ARMS = 8;
/** How far the test set may be from the share that was asked for before it is noted: patients, and their part of all. */
const OFF = { patients: 2, share: 0.1 };

/** A column of free text, and arms of a few patients. */
export function armNotes({ cases, treatments }: Cohort, { outcome }: CohortSpec): string[] {
  if (outcome.type !== 'survival' || outcome.treatment === undefined) return [];
  const column = quoted(outcome.treatment);
  const patientsOf = (name: string): number => {
    return new Set(cases.flatMap(({ treatment, patient }) => (treatment === name ? [patient] : []))).size;
  };
  const small = treatments.filter((name) => patientsOf(name) < FEW_PATIENTS);
  if (treatments.length > MANY_ARMS) {
    const few =
      small.length === 0 ? '' : `, ${small.length} of them with fewer than ${FEW_PATIENTS} patients`;
    return [
      `${column} has ${treatments.length} arms${few}: when it is free text, write a column with the arms to compare`,
    ];
  }
  if (small.length === 0) return [];
  const names = small.map((name) => `${quoted(name)} (${patientsOf(name)})`);
  return [
    `arms of ${column} with fewer than ${FEW_PATIENTS} patients, of which nothing can be said: ${enumerate(names)}`,
  ];
}

/** Where many groups are small, each rounds its share to whole patients, and the test set is not as large as asked for. */
export function shareNote({ cases }: Cohort, { split = {} }: CohortSpec): string[] {
  if (split.column !== undefined) return [];
  const wanted = split.folds === undefined ? (split.test ?? 0.25) : 1 / split.folds;
  const all = new Set(cases.map(({ patient }) => patient)).size;
  const tested = new Set(cases.flatMap((of) => (of.split === 'test' ? [of.patient] : []))).size;
  const off = Math.abs(tested - wanted * all);
  if (off < OFF.patients || off < OFF.share * all) return [];
  return [
    `test has ${tested} of ${all} patients, not the ${Math.round(wanted * all)} that were asked for: the groups that are ` +
      'spread evenly (class, or event and arm) are small, and each counts in whole patients',
  ];
}
