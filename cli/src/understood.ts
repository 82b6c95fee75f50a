/** What a run has understood of its job and table, for the person who started it (pure). */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort, CohortSummary } from '@wsi-operator/cohort';
import { WsiError } from '@wsi-operator/foundation';
import { kaplanMeier } from '@wsi-operator/statistics';
import { survivalOutlook, type SurvivalOutlook } from '@wsi-operator/trainer';
import { formatCount } from './progress/view.ts';

export interface Understood {
  readonly spec: WsiTrainingJobSpec;
  readonly cohort: Cohort;
  readonly summary: CohortSummary;
  /** What was assumed, left out or looks odd. */
  readonly notes: readonly string[];
}

const LABEL_WIDTH = 11;

/** `Cohort     64 patients, 120 slides` and so on, one line a subject; notes last. */
export function understoodLines({ spec, cohort, summary, notes }: Understood): string[] {
  const outlook = outlookOf(spec, cohort);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Cohort', cohortText(spec, summary)],
    ['Outcome', outcomeText(spec, cohort, summary)],
    ['Arms', armsText(summary)],
    ['Split', splitText(spec, summary)],
    ['Tiles', `${tileText(spec)}; the survey, which comes first, counts them`],
    ['Training', trainingText(spec, summary, outlook)],
  ];
  return [
    ...rows.flatMap(([label, text]) => (text === undefined ? [] : [`${label.padEnd(LABEL_WIDTH)}${text}`])),
    ...[...notes, ...eventNotes(spec, outlook)].map((note) => `note: ${note}`),
  ];
}

function cohortText({ cohort }: WsiTrainingJobSpec, { patients, slides }: CohortSummary): string {
  const unit = cohort.bag === 'slide' ? 'one prediction a slide' : 'one prediction a patient';
  return `${many(patients, 'patient')}, ${many(slides, 'slide')}; ${unit}`;
}

type OutcomeSpec = WsiTrainingJobSpec['cohort']['outcome'];

function outcomeText(spec: WsiTrainingJobSpec, cohort: Cohort, summary: CohortSummary): string {
  const { outcome } = spec.cohort;
  switch (outcome.type) {
    case 'classification':
      return classesText(outcome, summary);
    case 'survival':
      return survivalText(outcome, cohort, summary);
  }
}

function classesText(
  { column }: Extract<OutcomeSpec, { type: 'classification' }>,
  { classes }: CohortSummary,
): string {
  const counted = classes.map(({ name, patients }) => `${name} ${many(patients, 'patient')}`);
  return `${column}: ${counted.join(', ')}`;
}

function survivalText(
  outcome: Extract<OutcomeSpec, { type: 'survival' }>,
  cohort: Cohort,
  summary: CohortSummary,
): string {
  const { events = 0, followUp } = summary.survival ?? {};
  const median = medianFollowUp(cohort);
  const until =
    followUp === undefined ? '' : `, times ${short(followUp.minimum)} to ${short(followUp.maximum)}`;
  const followed = median === undefined ? 'not reached' : short(median);
  return (
    `${outcome.event} by ${outcome.time}: ${many(events, 'event')} in ${many(summary.patients, 'patient')}; ` +
    `median follow-up ${followed} (reverse Kaplan-Meier)${until}, in ${outcome.timeUnit ?? 'the unit of the table'}`
  );
}

/**
 * Schemper and Smith (1996): the median of the times to the end of follow-up, in which an event is a censored
 * observation. Undefined when more than half of the patients had the event before it.
 */
export function medianFollowUp({ cases }: Cohort): number | undefined {
  const patients = new Map(cases.map(({ patient, outcome }) => [patient, outcome]));
  const times = [...patients.values()].flatMap((outcome) =>
    outcome.type === 'survival' ? [{ time: outcome.time, event: outcome.event !== 1 }] : [],
  );
  return times.length === 0 ? undefined : kaplanMeier(times).median;
}

function armsText({ treatments, patientsWithoutTreatment: without }: CohortSummary): string | undefined {
  if (treatments.length === 0) return undefined;
  const arms = treatments.map(({ name, patients }) => `${name} ${many(patients, 'patient')}`).join(', ');
  return without === 0 ? arms : `${arms}; ${many(without, 'patient')} in no arm`;
}

function splitText({ cohort }: WsiTrainingJobSpec, { splits }: CohortSummary): string {
  const parts = (['train', 'validation', 'test'] as const).map(
    (split) => `${split} ${formatCount(splits[split].patients)}`,
  );
  const { split } = cohort;
  const how =
    split.column !== undefined
      ? `by the column ${split.column}`
      : split.folds !== undefined
        ? `fold ${split.fold} of ${split.folds}, seed ${split.seed}`
        : `drawn by patient, seed ${split.seed}`;
  const untested = splits.test.patients === 0 ? '; nobody is held out, so nothing will be tested' : '';
  return `${parts.join(', ')} patients, ${how}${untested}`;
}

function tileText({ cohort, patches }: WsiTrainingJobSpec): string {
  if (cohort.features !== undefined) return 'rows of features';
  const at = patches.mpp === undefined ? `level ${patches.level}` : `${patches.mpp} um/px`;
  const side = patches.mpp === undefined ? '' : ` (${short(patches.size * patches.mpp)} um)`;
  return `${patches.size} px${side} at ${at}`;
}

/** Undefined also for a cohort that cannot be trained on, which the run refuses. */
function outlookOf({ training }: WsiTrainingJobSpec, cohort: Cohort): SurvivalOutlook | undefined {
  try {
    return survivalOutlook(cohort, training);
  } catch (thrown) {
    if (thrown instanceof WsiError) return undefined;
    throw thrown;
  }
}

/** A share of events without comparison from which on it is said. */
const NOTED_SHARE = 0.05;

function eventNotes({ training }: WsiTrainingJobSpec, outlook: SurvivalOutlook | undefined): string[] {
  if (outlook === undefined) return [];
  const { events, compared, largestStep } = outlook;
  const { slidesPerStep } = training;
  const alone = events - compared;
  const few =
    `events are few: a step without a comparable event has no gradient, so that steps have up to ${largestStep} bags, ` +
    `not training.slidesPerStep (${slidesPerStep})`;
  const share =
    `${alone} of ${many(events, 'event')} of training (${Math.round((100 * alone) / events)} %) have nobody in their step who ` +
    'was followed for longer, and do not count: larger steps (training.slidesPerStep) have more comparisons';
  return [...(largestStep > slidesPerStep ? [few] : []), ...(alone / events > NOTED_SHARE ? [share] : [])];
}

function trainingText(
  spec: WsiTrainingJobSpec,
  { splits }: CohortSummary,
  outlook: SurvivalOutlook | undefined,
): string {
  const { epochs, slidesPerStep } = spec.training;
  const steps = outlook?.steps ?? Math.ceil(splits.train.bags / slidesPerStep);
  const unit = spec.cohort.bag === 'slide' ? 'slide' : 'patient';
  return (
    `${many(epochs, 'epoch')} of ${many(steps, 'step')}, ${many(outlook?.largestStep ?? Math.min(slidesPerStep, splits.train.bags), unit)} a step; ` +
    `${many(spec.workers.replicas, 'worker')}, ${many(spec.parameterServers.replicas, 'parameter server')}`
  );
}

/** For a run that has not measured anything yet. */
export const TIME_UNKNOWN = 'Time       known once the first steps are measured';

/** Once the survey is over. */
export function tilesLine(slides: number, tiles: number, leftOut: number): string {
  const used = Math.max(0, slides - leftOut);
  const mean = used === 0 ? 0 : tiles / used;
  const without = leftOut === 0 ? '' : `; ${many(leftOut, 'slide')} left out`;
  return `Tiles      ${formatCount(tiles)} on ${many(used, 'slide')}, ${formatCount(mean)} a slide on average${without}`;
}

function many(amount: number, noun: string): string {
  return `${formatCount(amount)} ${noun}${amount === 1 ? '' : 's'}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
