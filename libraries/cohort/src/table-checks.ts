/** What is checked of a cohort as a whole, once its rows are understood, and its division into splits. */
import { WsiError } from '@wsi-operator/foundation';
import { type CohortSpec, compareText, type Split } from './cohort.ts';
import { splitFolds, splitPatients, type StratifiedPatient } from './split.ts';
import type { CohortProblem } from './problems.ts';
import { quoted } from './spelling/characters.ts';
import { didYouMean } from './spelling/nearest.ts';
import { classNames, type SlideRecord } from './table-fields.ts';

/**
 * Contradictions between rows, and outcomes that cannot be learned from.
 * @param complete whether every row was understood: only then is it known that something is missing
 */
export function cohortProblems(
  records: readonly SlideRecord[],
  spec: CohortSpec,
  complete: boolean,
): CohortProblem[] {
  const problems: CohortProblem[] = [];
  for (const [patient, rows] of Map.groupBy(records, (record) => record.patient)) {
    problems.push(...patientProblems(patient, rows, spec));
  }
  if (!complete || records.length === 0) return problems;
  problems.push(...learningProblems(records, spec.outcome));
  return problems;
}

function learningProblems(records: readonly SlideRecord[], outcome: CohortSpec['outcome']): CohortProblem[] {
  switch (outcome.type) {
    case 'classification':
      return classProblems(records, outcome);
    case 'survival':
      return survivalProblems(records, outcome);
  }
}

/** Whether slides of a patient have one outcome even where each is predicted by itself, and the remedy where they differ. */
const OF_PATIENTS: Readonly<
  Record<CohortSpec['outcome']['type'], { readonly always: boolean; readonly remedy: string }>
> = {
  classification: {
    always: false,
    remedy:
      'Give a patient one class in all rows, or, where each slide has a class of its own, say `cohort.bag: slide`.',
  },
  survival: {
    always: true,
    remedy:
      'Give a patient one time and event in all rows: those of the last follow-up. Where two people share an identifier, give each one.',
  },
};

function patientProblems(
  patient: string,
  rows: readonly SlideRecord[],
  { outcome, bag, split }: CohortSpec,
): CohortProblem[] {
  const first = rows[0];
  if (first === undefined) return [];
  const problems: CohortProblem[] = [];
  // Slides of one patient may differ in class when each slide is predicted by itself (tumour and normal tissue).
  const oneOutcome = OF_PATIENTS[outcome.type].always || bag !== 'slide';
  for (const row of rows.slice(1)) {
    const conflict = (code: CohortProblem['code'], column: string, [here, there]: [string, string]): void => {
      const message = `patient ${quoted(patient)} has ${column} ${here} here and ${there} on line ${first.line}`;
      problems.push({ line: row.line, column, code, message, remedy: conflictRemedy(code, outcome.type) });
    };
    const values = [outcomeText(row), outcomeText(first)] as const;
    if (oneOutcome && values[0] !== values[1]) {
      conflict('ConflictingOutcome', columnsText(outcome), [...values]);
    }
    if (outcome.type === 'survival' && row.treatment !== first.treatment) {
      conflict('ConflictingTreatment', outcome.treatment ?? '', [treatmentText(row), treatmentText(first)]);
    }
    if (row.split !== first.split) {
      const message =
        `patient ${quoted(patient)} is in '${row.split}' here and in '${first.split}' on line ${first.line}: ` +
        'a patient must be on one side of the split';
      problems.push({ line: row.line, column: split?.column ?? '', code: 'SplitLeak', message });
    }
  }
  return problems;
}

function conflictRemedy(code: CohortProblem['code'], type: CohortSpec['outcome']['type']): string {
  if (code === 'ConflictingTreatment')
    return 'Give a patient one treatment in all rows, the one to compare by.';
  return OF_PATIENTS[type].remedy;
}

function outcomeText({ outcome }: SlideRecord): string {
  switch (outcome.type) {
    case 'classification':
      return quoted(outcome.class);
    case 'survival':
      return `${outcome.time}, ${outcome.event}`;
  }
}

function columnsText(outcome: CohortSpec['outcome']): string {
  switch (outcome.type) {
    case 'classification':
      return outcome.column;
    case 'survival':
      return `${outcome.time}, ${outcome.event}`;
  }
}

function treatmentText({ treatment }: SlideRecord): string {
  return treatment === undefined ? 'missing' : quoted(treatment);
}

function classProblems(
  records: readonly SlideRecord[],
  { column, positive }: { readonly column: string; readonly positive?: string | undefined },
): CohortProblem[] {
  const classes = byClass(records);
  const problems: CohortProblem[] = [];
  if (positive !== undefined && !classes.has(positive)) {
    const names = [...classes.keys()].sort(compareText);
    const message =
      `there is no class ${quoted(positive)}, which the job calls positive${didYouMean(positive, names)}; ` +
      `the classes are ${names.map(quoted).join(', ')}`;
    problems.push({ column, code: 'UnknownPositive', message });
  }
  if (classes.size < 2) {
    const [only] = classes.keys();
    const message = `every row has the class ${quoted(only ?? '')}: there is nothing to distinguish`;
    problems.push({ column, code: 'TooFewClasses', message });
  }
  for (const [name, rows] of [...classes].sort(([a], [b]) => compareText(a, b))) {
    const first = rows[0];
    if (first === undefined || rows.some(({ patient }) => patient !== first.patient)) continue;
    const message =
      `the class ${quoted(name)} has one patient, ${quoted(first.patient)}: it cannot be both learned and tested; ` +
      'merge it with another class or leave it out';
    problems.push({ line: first.line, column, code: 'ClassWithOnePatient', message });
  }
  return problems;
}

function byClass(records: readonly SlideRecord[]): Map<string, SlideRecord[]> {
  const named = records.flatMap((record) => classNames(record).map((name) => ({ name, record })));
  const groups = [...Map.groupBy(named, ({ name }) => name)];
  return new Map(groups.map(([name, members]) => [name, members.map(({ record }) => record)]));
}

type SurvivalColumns = Pick<
  CohortSpec['outcome'] & { readonly type: 'survival' },
  'event' | 'treatment' | 'observed' | 'censored'
>;

/** Columns in which others write 1 for a patient without an event: `censorship`, `os_censorship`, `alive`. */
const NAMED_AFTER_CENSORED = /(?<!un)censor|zensier|alive|living|lebend/i;

function survivalProblems(records: readonly SlideRecord[], outcome: SurvivalColumns): CohortProblem[] {
  const problems: CohortProblem[] = [];
  if (NAMED_AFTER_CENSORED.test(outcome.event) && (outcome.observed ?? outcome.censored) === undefined) {
    const message =
      `the event column is called ${quoted(outcome.event)}, so its 1 may well mean that nothing happened: ` +
      'the job must say it';
    const remedy =
      'Where 1 means censored: `cohort.outcome.observed: ["0"]` and `cohort.outcome.censored: ["1"]`; where 1 is ' +
      'the event, the other way round.';
    problems.push({ column: outcome.event, code: 'InvalidEvent', message, remedy });
  }
  if (!records.some(hasEvent)) {
    const message = 'no patient has an event: every time is censored, and nothing can be learned from that';
    const remedy =
      'Where the table writes events in another way (0 for an event), say it: `cohort.outcome.observed` and `censored`.';
    problems.push({ column: outcome.event, code: 'NoEvents', message, remedy });
  }
  const treatments = new Set(records.flatMap(({ treatment }) => treatment ?? []));
  if (outcome.treatment !== undefined && treatments.size < 2) {
    const [only] = treatments;
    const found =
      only === undefined ? 'no patient has a treatment' : `every patient has the treatment ${quoted(only)}`;
    const message = `${found}: leave the treatment column out`;
    problems.push({ column: outcome.treatment, code: 'OneTreatment', message });
  }
  return problems;
}

function hasEvent({ outcome }: SlideRecord): boolean {
  return outcome.type === 'survival' && outcome.event === 1;
}

/** The split of every patient, by column, folds or fractions, and what makes it useless. */
export function assignSplits(
  records: readonly SlideRecord[],
  spec: CohortSpec,
): { splits: Map<string, Split>; problems: CohortProblem[] } {
  let splits: Map<string, Split>;
  try {
    splits = computeSplits(records, spec);
  } catch (error) {
    const { message } = WsiError.from(error);
    return { splits: new Map(), problems: [{ code: 'SplitImpossible', message }] };
  }
  return { splits, problems: splitProblems(records, splits, spec.outcome.type) };
}

function computeSplits(records: readonly SlideRecord[], { split = {} }: CohortSpec): Map<string, Split> {
  if (split.column !== undefined) {
    return new Map(records.map(({ patient, split: given }) => [patient, given ?? 'train']));
  }
  const patients = stratify(records);
  const seed = split.seed ?? 0;
  const validation = split.validation ?? 0;
  if (split.folds === undefined)
    return splitPatients(patients, { test: split.test ?? 0.25, validation, seed });
  return splitFolds(patients, { folds: split.folds, fold: split.fold ?? 0, validation, seed });
}

/** One entry per patient; the stratum is the class (all classes of the slides), or the event and treatment arm. */
function stratify(records: readonly SlideRecord[]): StratifiedPatient[] {
  return [...Map.groupBy(records, (record) => record.patient)].map(([patient, rows]) => {
    const values = rows.map(stratumOf);
    return { patient, stratum: [...new Set(values)].sort(compareText).join() };
  });
}

function stratumOf({ outcome, treatment }: SlideRecord): string {
  switch (outcome.type) {
    case 'classification':
      return JSON.stringify(outcome.class);
    case 'survival':
      return JSON.stringify([outcome.event, treatment]);
  }
}

function splitProblems(
  records: readonly SlideRecord[],
  splits: ReadonlyMap<string, Split>,
  type: CohortSpec['outcome']['type'],
): CohortProblem[] {
  const training = records.filter(({ patient }) => splits.get(patient) === 'train');
  if (training.length === 0) {
    return [{ code: 'EmptySplit', message: "no patient is in the split 'train'" }];
  }
  switch (type) {
    case 'classification':
      return unlearnedClasses(records, training);
    case 'survival':
      if (training.some(hasEvent)) return [];
      return [{ code: 'NoEvents', message: 'no patient in training has an event' }];
  }
}

function unlearnedClasses(
  records: readonly SlideRecord[],
  training: readonly SlideRecord[],
): CohortProblem[] {
  const problems: CohortProblem[] = [];
  const learned = new Set(training.flatMap(classNames));
  for (const [name, rows] of byClass(records)) {
    if (learned.has(name)) continue;
    const slides = rows.length === 1 ? '1 slide' : `${rows.length} slides`;
    const message = `the class ${quoted(name)} has ${slides} but none in training`;
    const remedy =
      'Move some of its patients to training, merge it with another class, or leave its rows out.';
    problems.push({ code: 'ClassNotInTraining', message, remedy });
  }
  return problems;
}
