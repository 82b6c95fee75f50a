/** One row of the table to a record: how each cell is understood, and what is said when it cannot be. */
import { type CohortSpec, SPLITS, type Split } from './cohort.ts';
import { didYouMean } from './spelling.ts';
import type { CohortProblem, ProblemCode, TableRow } from './table-rows.ts';

/** What is known about a slide that the table names. `hint` is appended to the message. */
export type SlideLookup =
  | {
      readonly found: true;
      readonly path: string;
      /** The same for two names of one file. */ readonly identity: string;
    }
  | { readonly found: false; readonly reason: string };

export type SlideOracle = (name: string) => SlideLookup;

/** A row whose every cell was understood. */
export interface SlideRecord {
  readonly line: number;
  readonly patient: string;
  readonly slide: string;
  readonly path: string;
  readonly outcome: RecordOutcome;
  readonly treatment: string | undefined;
  readonly split: Split | undefined;
}

export type RecordOutcome =
  | { readonly type: 'classification'; readonly class: string }
  | { readonly type: 'survival'; readonly time: number; readonly event: 0 | 1 };

/** What a cell's text means, or why it means nothing. */
type Reading<T> = { readonly value: T } | { readonly code: ProblemCode; readonly message: string };

/** Reads the cells of one row; every failure becomes a problem. */
export class RowReader {
  readonly line: number;
  readonly #cells: TableRow['cells'];
  readonly #problems: CohortProblem[];

  constructor(row: TableRow, problems: CohortProblem[]) {
    this.line = row.line;
    this.#cells = row.cells;
    this.#problems = problems;
  }

  read<T>(column: string, interpret: (text: string) => Reading<T>): T | undefined {
    const text = this.#cells[column] ?? '';
    const reading: Reading<T> =
      text === '' ? { code: 'EmptyField', message: `the field '${column}' is empty` } : interpret(text);
    if ('value' in reading) return reading.value;
    this.#problems.push({ line: this.line, column, ...reading });
    return undefined;
  }

  text(column: string): string | undefined {
    return this.read(column, (value) => ({ value }));
  }
}

export function identityColumns(spec: CohortSpec): { patient: string; slide: string } {
  return { patient: spec.patientColumn ?? 'patient', slide: spec.slideColumn ?? 'slide' };
}

/**
 * The row's record, or undefined after its problems were noted: all of them, not only the first.
 * @param linesOfSlides line of every slide seen so far by its identity; the row's slide is added
 */
export function readRecord(
  cells: RowReader,
  spec: CohortSpec,
  slides: SlideOracle,
  linesOfSlides: Map<string, number>,
): SlideRecord | undefined {
  const columns = identityColumns(spec);
  const patient = cells.text(columns.patient);
  const slide = cells.read(columns.slide, (name) => readSlide(name, cells.line, slides, linesOfSlides));
  const outcome = readOutcome(cells, spec);
  const treatmentColumn = spec.outcome.type === 'survival' ? spec.outcome.treatment : undefined;
  const treatment = treatmentColumn === undefined ? null : cells.text(treatmentColumn);
  const splitColumn = spec.split?.column;
  const split = splitColumn === undefined ? null : cells.read(splitColumn, readSplit);
  const required = [patient, slide, outcome, treatment, split];
  if (required.includes(undefined)) return undefined;
  if (patient === undefined || slide === undefined || outcome === undefined) return undefined;
  return {
    line: cells.line,
    patient,
    ...slide,
    outcome,
    treatment: treatment ?? undefined,
    split: split ?? undefined,
  };
}

function readSlide(
  slide: string,
  line: number,
  slides: SlideOracle,
  linesOfSlides: Map<string, number>,
): Reading<{ slide: string; path: string }> {
  const lookup = slides(slide);
  if (!lookup.found) return { code: 'MissingSlide', message: lookup.reason };
  const first = linesOfSlides.get(lookup.identity);
  if (first !== undefined) {
    return { code: 'DuplicateSlide', message: `the slide '${slide}' is already on line ${first}` };
  }
  linesOfSlides.set(lookup.identity, line);
  return { value: { slide, path: lookup.path } };
}

function readOutcome(cells: RowReader, { outcome }: CohortSpec): RecordOutcome | undefined {
  if (outcome.type === 'classification') {
    const name = cells.text(outcome.column);
    return name === undefined ? undefined : { type: 'classification', class: name };
  }
  const time = cells.read(outcome.time, readTime);
  const event = cells.read(outcome.event, readEvent);
  return time === undefined || event === undefined ? undefined : { type: 'survival', time, event };
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function readTime(text: string): Reading<number> {
  const time = NUMBER.test(text) ? Number(text) : NaN;
  if (time > 0 && Number.isFinite(time)) return { value: time };
  const comma = /^\d+,\d+$/.test(text) ? ' (write the decimal separator as a point)' : '';
  const problem = time <= 0 ? 'is not greater than 0' : `is not a finite number${comma}`;
  return { code: 'InvalidTime', message: `the time '${text}' ${problem}` };
}

function readEvent(text: string): Reading<0 | 1> {
  // "1.0" is what data frames write for integers once a value was missing.
  if (/^1(\.0*)?$/.test(text)) return { value: 1 };
  if (/^0(\.0*)?$/.test(text)) return { value: 0 };
  return { code: 'InvalidEvent', message: `the event '${text}' is neither 1 (it happened) nor 0 (censored)` };
}

function readSplit(text: string): Reading<Split> {
  const split = SPLITS.find((name) => name === text);
  if (split !== undefined) return { value: split };
  const message = `the split '${text}' is none of ${SPLITS.join(', ')}${didYouMean(text, SPLITS)}`;
  return { code: 'InvalidSplit', message };
}
