/** One row of the table to a record: how each cell is understood, and what is said when it cannot be. */
import type { Reading } from './reading.ts';
import { micrometresFrom } from '@wsi-operator/slides';
import { type CohortSpec, SPLITS, type Split } from './cohort.ts';
import { type ColumnKind, MissingValues } from './missing.ts';
import { outcomeColumns } from './outcome-columns.ts';
import type { CohortProblem } from './problems.ts';
import { quoted } from './spelling/characters.ts';
import { didYouMean } from './spelling/nearest.ts';
import { EventWords, TimeReader } from './survival-fields.ts';
import type { TableRow } from './table-rows.ts';

/** What is known about a slide that the table names. `hint` is appended to the message. */
export type SlideLookup =
  | {
      readonly found: true;
      readonly path: string;
      /** The same for two names of one file. */
      readonly identity: string;
      /** The identity of a file with the same bytes that was asked for before. */
      readonly copyOf?: string | undefined;
    }
  | { readonly found: false; readonly reason: string; readonly remedy?: string };

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
  /** Micrometres for a level-0 pixel; undefined where nobody states it. */
  readonly mpp: number | undefined;
}

export type RecordOutcome =
  | { readonly type: 'classification'; readonly class: string }
  | {
      readonly type: 'survival';
      readonly time: number;
      readonly event: 0 | 1;
      /** The time as the table writes it. */
      readonly timeText: string;
    };

/** The class of a slide, as a list of one; none for outcomes without classes. */
export function classNames({ outcome }: Pick<SlideRecord, 'outcome'>): string[] {
  switch (outcome.type) {
    case 'classification':
      return [outcome.class];
    case 'survival':
      return [];
  }
}

/** A cell without a value, in a row that was left out for it or a patient who has no treatment. */
export interface MissingCell {
  readonly line: number;
  readonly column: string;
  readonly text: string;
}

/** A name in the table: what it is of, and where it stands. */
export interface NamedCell {
  readonly kind: 'patient' | 'class' | 'treatment';
  readonly name: string;
  readonly line: number;
}

const MISSING_REMEDY =
  'A row needs a patient, a slide, an outcome and, with a split column, a split: complete it, or leave such rows out ' +
  'with `cohort.missing.rows: skip`. A word that is a value in this table goes under `cohort.missing.values`.';
const SLIDE_REMEDY = 'Names of slides are relative to `cohort.slides`; letter case and extensions count.';
const ONE_ROW_REMEDY =
  'The table has one row a slide: keep one of the rows. (A table with a row for each treatment or visit of a patient, as ' +
  'of the GDC, must be reduced first.)';
const SPLIT_REMEDY =
  'Write train, validation or test; where the table has numbers of folds, leave `cohort.split.column` out and give ' +
  '`cohort.split.folds` and `fold`.';
const COPY_REMEDY =
  'Leave one of the rows out: a slide that is learned must not be tested. When it is meant: ' +
  '`cohort.duplicateSlides: allow`.';
const AMBIGUOUS_REMEDY =
  'Say which: a word that is a value goes under `cohort.missing.values`, one that stands for a missing value under ' +
  '`cohort.missing.words`.';

/** What others call the sides of a split: only for the message. */
const USUAL_SPLITS: Readonly<Record<Split, readonly string[]>> = {
  train: ['training', 'tr', 'learn'],
  validation: ['val', 'valid', 'dev', 'tune', 'tuning'],
  test: ['testing', 'ts', 'holdout', 'hold-out', 'held out', 'external'],
};

export function identityColumns(spec: CohortSpec): { patient: string; slide: string } {
  return { patient: spec.patientColumn ?? 'patient', slide: spec.slideColumn ?? 'slide' };
}

/** Reads the rows of a table, one after the other, and keeps what is to be said about them. */
export class RecordReader {
  readonly problems: CohortProblem[] = [];
  /** Of rows that were left out, the cells for which they were. */
  readonly leftOut: MissingCell[] = [];
  readonly withoutTreatment: MissingCell[] = [];
  /** Copies of files that the job allows, by their lines: what they are copies of. */
  readonly copies = new Map<number, string>();
  /** Slides that are there, also of rows with other problems, with the resolution that is stated of each. */
  readonly found = new Map<string, number | undefined>();
  /** Every name of every row that was not left out, also of rows with other problems. */
  readonly names: NamedCell[] = [];
  readonly #spec: CohortSpec;
  readonly #slides: SlideOracle;
  readonly #missing: MissingValues;
  readonly #events: EventWords;
  readonly #times = new TimeReader();
  readonly #linesOfSlides = new Map<string, number>();

  constructor(spec: CohortSpec, slides: SlideOracle) {
    this.#spec = spec;
    this.#slides = slides;
    this.#missing = new MissingValues(spec.missing);
    this.#events = new EventWords(spec.outcome.type === 'survival' ? spec.outcome : {});
  }

  /** The row's record; undefined when it is left out, or after its problems were noted: all of them, not only the first. */
  read(row: TableRow): SlideRecord | undefined {
    const { outcome, split: splitSpec, missing } = this.#spec;
    const columns = identityColumns(this.#spec);
    if (missing?.rows === 'skip') {
      const empty = this.#emptyCells(row);
      this.leftOut.push(...empty);
      if (empty.length > 0) return undefined;
    }
    const patient = this.#name(row, columns.patient, 'patient');
    const slide = this.#cell(row, columns.slide, 'identifier', (name) => this.#slide(name, row.line));
    const read = this.#outcome(row);
    const treatment =
      outcome.type === 'survival' && outcome.treatment !== undefined
        ? this.#treatment(row, outcome.treatment)
        : undefined;
    const split =
      splitSpec?.column === undefined
        ? undefined
        : (this.#cell(row, splitSpec.column, 'identifier', readSplit) ?? null);
    const mpp = this.#resolution(row, slide);
    if (patient === undefined || slide === undefined || read === undefined) return undefined;
    if (treatment === null || split === null || mpp === null) return undefined;
    return { line: row.line, patient, ...slide, outcome: read, treatment, split, mpp };
  }

  /** What can be done about the words of the event column; undefined when there is nothing to say. */
  get eventRemedy(): string | undefined {
    return this.#events.remedy;
  }

  #emptyCells({ line, cells }: TableRow): MissingCell[] {
    const { outcome, split } = this.#spec;
    const { patient, slide } = identityColumns(this.#spec);
    const required: readonly (readonly [string | undefined, ColumnKind])[] = [
      [patient, 'identifier'],
      [slide, 'identifier'],
      ...outcomeColumns(outcome).map(({ column, kind }) => [column, kind] as const),
      [split?.column, 'identifier'],
    ];
    return required.flatMap(([column, kind]) => {
      if (column === undefined) return [];
      const text = cells[column] ?? '';
      return this.#meaningOf(text, column, kind) === 'missing' ? [{ line, column, text }] : [];
    });
  }

  #meaningOf(text: string, column: string, kind: ColumnKind): ReturnType<MissingValues['meaningOf']> {
    // Words that the job gives a meaning as an event have that one.
    const { outcome } = this.#spec;
    const isEvent = outcome.type === 'survival' && column === outcome.event && this.#events.knows(text);
    return isEvent ? 'value' : this.#missing.meaningOf(text, kind);
  }

  #cell<T>(
    { line, cells }: TableRow,
    column: string,
    kind: ColumnKind,
    interpret: (text: string) => Reading<T>,
  ): T | undefined {
    const text = cells[column] ?? '';
    const meaning = this.#meaningOf(text, column, kind);
    const reading = meaning === 'value' ? interpret(text) : noValue(column, text, meaning);
    if ('value' in reading) return reading.value;
    this.problems.push({ line, column, ...reading });
    return undefined;
  }

  #name(row: TableRow, column: string, kind: NamedCell['kind']): string | undefined {
    const name = this.#cell(row, column, kind === 'patient' ? 'identifier' : kind, (value) => ({ value }));
    if (name !== undefined) this.names.push({ kind, name, line: row.line });
    return name;
  }

  /** Undefined for a patient without one, null after a problem was noted. */
  #treatment(row: TableRow, column: string): string | undefined | null {
    const text = row.cells[column] ?? '';
    if (this.#missing.meaningOf(text, 'treatment') !== 'missing') {
      return this.#name(row, column, 'treatment') ?? null;
    }
    this.withoutTreatment.push({ line: row.line, column, text });
    return undefined;
  }

  #outcome(row: TableRow): RecordOutcome | undefined {
    const { outcome } = this.#spec;
    switch (outcome.type) {
      case 'classification': {
        const name = this.#name(row, outcome.column, 'class');
        return name === undefined ? undefined : { type: 'classification', class: name };
      }
      case 'survival': {
        const time = this.#cell(row, outcome.time, 'number', (text) => this.#times.read(text));
        const event = this.#cell(row, outcome.event, 'number', (text) => this.#events.read(text));
        if (time === undefined || event === undefined) return undefined;
        return { type: 'survival', time, event, timeText: row.cells[outcome.time] ?? '' };
      }
    }
  }

  /** As {@link #mpp}; a slide that is there can be opened with it. */
  #resolution(row: TableRow, slide: { readonly path: string } | undefined): number | undefined | null {
    const mpp = this.#mpp(row);
    if (slide !== undefined && mpp !== null) this.found.set(slide.path, mpp);
    return mpp;
  }

  /** The resolution that is stated; null after a problem was noted. */
  #mpp(row: TableRow): number | undefined | null {
    const { column, mpp } = this.#spec.resolution ?? {};
    const text = column === undefined ? '' : (row.cells[column] ?? '');
    if (column === undefined || this.#missing.meaningOf(text, 'number') === 'missing') return mpp;
    return this.#cell(row, column, 'number', readMpp) ?? null;
  }

  #slide(slide: string, line: number): Reading<{ slide: string; path: string }> {
    const lookup = this.#slides(slide);
    if (!lookup.found)
      return { code: 'MissingSlide', message: lookup.reason, remedy: lookup.remedy ?? SLIDE_REMEDY };
    const first = this.#linesOfSlides.get(lookup.identity);
    if (first !== undefined) {
      const message = `the slide ${quoted(slide)} is already on line ${first}`;
      return { code: 'DuplicateSlide', message, remedy: ONE_ROW_REMEDY };
    }
    this.#linesOfSlides.set(lookup.identity, line);
    const original = lookup.copyOf === undefined ? undefined : this.#linesOfSlides.get(lookup.copyOf);
    if (original === undefined) return { value: { slide, path: lookup.path } };
    const message = `the slide ${quoted(slide)} is a copy of the one on line ${original}`;
    if (this.#spec.duplicateSlides === 'allow') {
      this.copies.set(line, message);
      return { value: { slide, path: lookup.path } };
    }
    return { code: 'DuplicateSlide', message, remedy: COPY_REMEDY };
  }
}

function noValue(column: string, text: string, meaning: 'missing' | 'ambiguous'): Reading<never> {
  if (meaning === 'ambiguous') {
    const message = `the word ${quoted(text)} in '${column}' may be a value or stand for a missing one`;
    return { code: 'AmbiguousWord', message, remedy: AMBIGUOUS_REMEDY };
  }
  const says = text === '' ? 'is empty' : `says ${quoted(text)}, which stands for a missing value`;
  return { code: 'EmptyField', message: `the field '${column}' ${says}`, remedy: MISSING_REMEDY };
}

function readSplit(text: string): Reading<Split> {
  const split = SPLITS.find((name) => name === text);
  if (split !== undefined) return { value: split };
  const usual = SPLITS.find((name) => USUAL_SPLITS[name].includes(text.toLowerCase()));
  const hint = usual === undefined ? didYouMean(text, SPLITS) : ` (write '${usual}')`;
  const message = `the split ${quoted(text)} is none of ${SPLITS.join(', ')}${hint}`;
  return { code: 'InvalidSplit', message, remedy: SPLIT_REMEDY };
}

function readMpp(text: string): Reading<number> {
  const value = micrometresFrom(text);
  if (value !== undefined && value >= 0.01 && value <= 100) return { value };
  return {
    code: 'InvalidResolution',
    message: `the resolution ${quoted(text)} is not one in micrometres a pixel, from 0.01 to 100`,
  };
}
