/**
 * A cohort from the text of its table: a pure function of the text, the spec and an oracle that knows which slides
 * exist. Everything wrong is found in one go and told with its line, because a cohort is repaired in a spreadsheet,
 * not one message at a time.
 */
import { type Cohort, type CohortCase, type CohortSpec, compareText, type Split } from './cohort.ts';
import { assignSplits, cohortProblems } from './table-checks.ts';
import {
  identityColumns,
  readRecord,
  RowReader,
  type SlideOracle,
  type SlideRecord,
} from './table-fields.ts';
import { type CohortProblem, readRows } from './table-rows.ts';

export type CohortResult =
  | { readonly cohort: Cohort; readonly problems?: undefined }
  | { readonly cohort?: undefined; readonly problems: readonly CohortProblem[] };

/** Parses and checks a cohort table. Never throws for what is in the text. */
export function parseCohort(text: string, spec: CohortSpec, slides: SlideOracle): CohortResult {
  const { rows, problems: textProblems } = readRows(text, wantedColumns(spec));
  const problems = [...textProblems];
  const records: SlideRecord[] = [];
  const linesOfSlides = new Map<string, number>();
  for (const row of rows) {
    const record = readRecord(new RowReader(row, problems), spec, slides, linesOfSlides);
    if (record !== undefined) records.push(record);
  }
  // What follows judges the cohort as a whole; rows that failed above would make it report their absence twice.
  const allRowsRead = records.length === rows.length && textProblems.length === 0;
  problems.push(...cohortProblems(records, spec, allRowsRead));
  if (problems.length > 0) return { problems: problems.sort(byLine) };
  const splits = assignSplits(records, spec);
  if (splits.problems.length > 0) return { problems: splits.problems };
  return { cohort: buildCohort(records, spec, splits.splits) };
}

function wantedColumns(spec: CohortSpec): string[] {
  const { outcome, split } = spec;
  const optional = outcome.type === 'survival' ? [outcome.treatment, split?.column] : [split?.column];
  const outcomes = outcome.type === 'survival' ? [outcome.time, outcome.event] : [outcome.column];
  const { patient, slide } = identityColumns(spec);
  return [...new Set([patient, slide, ...outcomes, ...optional.filter((name) => name !== undefined)])];
}

function byLine(a: CohortProblem, b: CohortProblem): number {
  return (a.line ?? Infinity) - (b.line ?? Infinity) || 0;
}

function buildCohort(
  records: readonly SlideRecord[],
  spec: CohortSpec,
  splits: ReadonlyMap<string, Split>,
): Cohort {
  const classes = sortedUnique(
    records.map(({ outcome }) => (outcome.type === 'survival' ? '' : outcome.class)),
  );
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
      outcome:
        outcome.type === 'survival'
          ? outcome
          : { type: 'classification', class: outcome.class, classIndex: classes.indexOf(outcome.class) },
      ...(treatment === undefined ? {} : { treatment }),
      split: splits.get(patient) ?? 'train',
    });
  }
  return {
    outcomeType: spec.outcome.type,
    cases: cases.sort((a, b) => compareText(a.bag, b.bag)),
    classes: spec.outcome.type === 'classification' ? classes : [],
    treatments,
  };
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort(compareText);
}
