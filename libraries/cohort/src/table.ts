/**
 * A cohort from the text of its table: a pure function of the text, the spec and an oracle that knows which slides
 * exist. Everything wrong is found in one go and reported with its line, because a cohort is repaired in a spreadsheet,
 * not one message at a time.
 */
import {
  type Cohort,
  type CohortCase,
  type CohortSpec,
  compareText,
  type ObservedOutcome,
  type Split,
} from './cohort.ts';
import { withDecimalPoints } from './decimal-commas.ts';
import type { CohortProblem } from './problems.ts';
import { type CohortSummary, summarise } from './summary.ts';
import { roleProblems, wantedColumns } from './table-columns.ts';
import { assignSplits, cohortProblems } from './table-checks.ts';
import {
  classNames,
  RecordReader,
  type RecordOutcome,
  type SlideOracle,
  type SlideRecord,
} from './table-fields.ts';
import { checkNames, type NamesResult } from './table-names.ts';
import { armNotes, shareNote } from './arm-notes.ts';
import { blockNotes, classNotes, outcomeNotes, readerNotes, sentinelNotes } from './table-notes.ts';
import { timeNotes } from './time-notes.ts';
import { readRows } from './table-rows.ts';

/** What there is to say about a table. */
export interface CohortExamination {
  /** Everything that is wrong, in order of the lines. With any there is no cohort. */
  readonly problems: readonly CohortProblem[];
  /** What was assumed, left out or is unusual, for people: sentences without a full stop. */
  readonly notes: readonly string[];
  readonly cohort?: Cohort;
  /** Of the cohort, when there is one. */
  readonly summary?: CohortSummary;
  /** The line of each slide of the cohort, by its path. */
  readonly lines: ReadonlyMap<string, number>;
  /**
   * Every slide that a row names and that is there, also of rows with other problems, with the resolution that is stated
   * of it.
   */
  readonly found: ReadonlyMap<string, number | undefined>;
  /** Lines of slides that are copies of others, which the job allows; the notes report them. */
  readonly copies: ReadonlySet<number>;
}

export type CohortResult =
  | { readonly cohort: Cohort; readonly problems?: undefined }
  | { readonly cohort?: undefined; readonly problems: readonly CohortProblem[] };

/** Parses and checks a cohort table. Never throws for what is in the text. */
export function parseCohort(text: string, spec: CohortSpec, slides: SlideOracle): CohortResult {
  const { cohort, problems } = examineTable(text, spec, slides);
  return cohort === undefined ? { problems } : { cohort };
}

/** All that is wrong with a table and all that is worth knowing of it. Never throws for what is in the text. */
export function examineTable(text: string, spec: CohortSpec, slides: SlideOracle): CohortExamination {
  const table = readRows(text, wantedColumns(spec), spec.missing);
  const { rows, notes: decimalNotes } = withDecimalPoints(table.rows, spec, table.separator);
  const reader = new RecordReader(spec, slides);
  const read = rows.flatMap((row) => reader.read(row) ?? []);
  const names = checkNames(reader.names, read, spec);
  const records = read.map((record) => renamed(record, names));
  const lines = new Map(read.map(({ path, line }) => [path, line]));
  const copies = new Set(reader.copies.keys());
  const { found } = reader;
  const notes = [
    ...table.notes,
    ...decimalNotes,
    ...readerNotes(reader, records),
    ...names.notes,
    ...timeNotes(records, spec),
    ...classNotes(records, spec),
    ...blockNotes(records),
    ...sentinelNotes(records),
  ];
  const { eventRemedy } = reader;
  const rowProblems = reader.problems.map((problem) =>
    problem.code === 'InvalidEvent' && eventRemedy !== undefined
      ? { ...problem, remedy: eventRemedy }
      : problem,
  );
  const problems = [...roleProblems(spec), ...table.problems, ...rowProblems, ...names.problems];
  // What follows judges the cohort as a whole; rows that failed above would make it report their absence twice.
  const leftOut = new Set(reader.leftOut.map(({ line }) => line)).size;
  const complete = records.length === rows.length - leftOut && problems.length === 0;
  if (leftOut > 0 && leftOut === rows.length) {
    problems.push({ code: 'EmptyTable', message: 'every row of the table lacks a value that it needs' });
  }
  problems.push(...cohortProblems(records, spec, complete));
  if (problems.length > 0) return { problems: problems.sort(byLine), notes, lines, found, copies };
  const splits = assignSplits(records, spec);
  if (splits.problems.length > 0) return { problems: splits.problems, notes, lines, found, copies };
  const cohort = buildCohort(records, spec, splits.splits);
  notes.push(...armNotes(cohort, spec), ...shareNote(cohort, spec), ...outcomeNotes(cohort));
  return { problems: [], notes, cohort, summary: summarise(cohort), lines, found, copies };
}

function byLine(a: CohortProblem, b: CohortProblem): number {
  return (a.line ?? Infinity) - (b.line ?? Infinity) || 0;
}

function renamed(record: SlideRecord, { nameOf }: NamesResult): SlideRecord {
  const { outcome, treatment } = record;
  return {
    ...record,
    patient: nameOf('patient', record.patient),
    outcome: renamedOutcome(outcome, nameOf),
    treatment: treatment === undefined ? undefined : nameOf('treatment', treatment),
  };
}

function renamedOutcome(outcome: RecordOutcome, nameOf: NamesResult['nameOf']): RecordOutcome {
  switch (outcome.type) {
    case 'classification':
      return { ...outcome, class: nameOf('class', outcome.class) };
    case 'survival':
      return outcome;
  }
}

function buildCohort(
  records: readonly SlideRecord[],
  spec: CohortSpec,
  splits: ReadonlyMap<string, Split>,
): Cohort {
  const classes = sortedUnique(records.flatMap(classNames));
  const treatments = sortedUnique(records.flatMap(({ treatment }) => treatment ?? []));
  const bags = Map.groupBy(records, ({ patient, slide }) => (spec.bag === 'slide' ? slide : patient));
  const cases: CohortCase[] = [];
  for (const [bag, members] of bags) {
    const first = members[0];
    if (first === undefined) continue;
    const { patient, outcome, treatment } = first;
    cases.push({
      patient,
      bag,
      slides: members.map(({ path }) => path).sort(compareText),
      outcome: observedOutcome(outcome, classes),
      ...(treatment === undefined ? {} : { treatment }),
      split: splits.get(patient) ?? 'train',
    });
  }
  return {
    outcomeType: spec.outcome.type,
    cases: cases.sort((a, b) => compareText(a.bag, b.bag)),
    classes,
    treatments,
    ...statedMpp(records),
  };
}

function observedOutcome(outcome: RecordOutcome, classes: readonly string[]): ObservedOutcome {
  switch (outcome.type) {
    case 'classification':
      return { type: 'classification', class: outcome.class, classIndex: classes.indexOf(outcome.class) };
    case 'survival':
      return { type: 'survival', time: outcome.time, event: outcome.event };
  }
}

function statedMpp(records: readonly SlideRecord[]): Pick<Cohort, 'statedMpp'> {
  const stated = records.flatMap(({ path, mpp }) => (mpp === undefined ? [] : [[path, mpp] as const]));
  return stated.length === 0 ? {} : { statedMpp: Object.fromEntries(stated) };
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText);
}
