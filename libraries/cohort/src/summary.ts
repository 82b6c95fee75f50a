/** What a cohort is, in numbers: for whoever checks that the table was understood as it was meant. */
import { type Cohort, type CohortCase, type Split, SPLITS } from './cohort.ts';

export interface Counts {
  readonly patients: number;
  readonly slides: number;
  readonly bags: number;
}

export interface CohortSummary extends Counts {
  readonly splits: Readonly<Record<Split, Counts>>;
  /** In order of the classes; a patient whose slides differ in class counts in each. */
  readonly classes: readonly (Counts & { readonly name: string })[];
  readonly survival?: {
    /** Patients with the event. */
    readonly events: number;
    /** Of the patients' times, in the table's unit. */
    readonly followUp: { readonly minimum: number; readonly median: number; readonly maximum: number };
  };
  readonly treatments: readonly { readonly name: string; readonly patients: number }[];
  /** In no arm, when the table has treatments. */
  readonly patientsWithoutTreatment: number;
}

export function summarise(cohort: Cohort): CohortSummary {
  const { cases, classes, treatments } = cohort;
  const splits = SPLITS.map((split) => [split, counts(cases.filter((of) => of.split === split))] as const);
  const arms = treatments.map((name) => {
    const treated = cases.filter(({ treatment }) => treatment === name);
    return { name, patients: counts(treated).patients };
  });
  return {
    ...counts(cases),
    splits: Object.fromEntries(splits) as Record<Split, Counts>,
    classes: classes.map((name) => ({
      name,
      ...counts(cases.filter(({ outcome }) => outcome.type === 'classification' && outcome.class === name)),
    })),
    ...outcomeNumbers(cohort),
    treatments: arms,
    patientsWithoutTreatment:
      treatments.length === 0 ? 0 : counts(cases.filter(({ treatment }) => treatment === undefined)).patients,
  };
}

function counts(cases: readonly CohortCase[]): Counts {
  const patients = new Set(cases.map(({ patient }) => patient)).size;
  const slides = cases.reduce((sum, of) => sum + of.slides.length, 0);
  return { patients, slides, bags: cases.length };
}

/** What is counted of the outcomes beside classes. */
function outcomeNumbers({ outcomeType, cases }: Cohort): Pick<CohortSummary, 'survival'> {
  switch (outcomeType) {
    case 'classification':
      return {};
    case 'survival':
      return survivalOf(cases);
  }
}

function survivalOf(cases: readonly CohortCase[]): Pick<CohortSummary, 'survival'> {
  // All bags of a patient have the same time and event.
  const outcomes = [...new Map(cases.map(({ patient, outcome }) => [patient, outcome])).values()];
  const times: number[] = [];
  let events = 0;
  for (const outcome of outcomes) {
    if (outcome.type !== 'survival') continue;
    times.push(outcome.time);
    events += outcome.event;
  }
  times.sort((a, b) => a - b);
  const [minimum, maximum] = [times[0], times.at(-1)];
  if (minimum === undefined || maximum === undefined) return {};
  const middle = times.length >> 1;
  const median = times.length % 2 === 1 ? times[middle]! : (times[middle - 1]! + times[middle]!) / 2;
  return { survival: { events, followUp: { minimum, median, maximum } } };
}
