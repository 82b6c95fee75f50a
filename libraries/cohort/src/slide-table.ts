/**
 * A table that names slides, and perhaps their patients: what a trained model is applied to. Of its other columns nothing is
 * asked: new patients have no outcome yet.
 */
import { posix } from 'node:path';
import { formatS3Address, isS3Address, micrometresFrom, parseS3Address } from '@wsi-operator/slides';
import { type CohortSpec, compareText } from './cohort.ts';
import { slideDirectory } from './slide-directory.ts';
import type { SlideLookup, SlideOracle } from './table-fields.ts';
import { checkNames } from './table-names.ts';
import { readRows } from './table-rows.ts';
import type { CohortProblem } from './problems.ts';
import { type MissingSpec, MissingValues } from './missing.ts';

export interface SlideTableSpec {
  readonly patientColumn: string;
  readonly slideColumn: string;
  /** Whether the table must say whose slides these are. */
  readonly patients: 'required' | 'optional';
  /** As in the job that the table was read for, where there is one. */
  readonly missing?: MissingSpec | undefined;
  readonly spellings?: CohortSpec['spellings'];
  /** Of the slides that do not say it; a table without its column says nothing of them, unless it must. */
  readonly resolution?: CohortSpec['resolution'];
  readonly resolutionColumn?: 'required' | 'optional' | undefined;
}

export interface ListedSlide {
  readonly line: number;
  readonly patient?: string;
  /** As the table has it. */
  readonly name: string;
  readonly path: string;
  /** Micrometres for a level-0 pixel that the table or the job states. */
  readonly mpp?: number;
}

export interface MissingSlide {
  readonly line: number;
  readonly patient?: string;
  readonly name: string;
  readonly reason: string;
}

export interface SlideTable {
  readonly slides: readonly ListedSlide[];
  /** Rows whose slide is not there; the others can be used without them. */
  readonly missing: readonly MissingSlide[];
  /** What is wrong with the table itself: nothing may be read from it then. */
  readonly problems: readonly CohortProblem[];
}

/** Pure, except for the queries to the oracle. Never throws for what is in the text. */
export function parseSlideTable(text: string, spec: SlideTableSpec, oracle: SlideOracle): SlideTable {
  const { patientColumn, slideColumn } = spec;
  const { rows, problems, columns } = readPresent(text, spec);
  const withoutPatients = !columns.includes(patientColumn);
  const needed = withoutPatients ? [slideColumn] : [patientColumn, slideColumn];
  const words = new MissingValues(spec.missing);
  const found: CohortProblem[] = [...problems];
  const slides = new Map<string, ListedSlide>();
  const missing: MissingSlide[] = [];
  for (const { line, cells } of rows) {
    const empty = needed.filter((column) => words.meaningOf(cells[column] ?? '', 'identifier') === 'missing');
    found.push(...empty.map((column) => emptyField(line, column)));
    if (empty.length > 0) continue;
    const [name, patient] = [cells[slideColumn] ?? '', cells[patientColumn] ?? ''];
    const mpp = statedMpp(cells, spec, words);
    if (Number.isNaN(mpp)) found.push(noResolution(line, cells[spec.resolution?.column ?? ''] ?? ''));
    const owner = patient === '' ? {} : { patient };
    const lookup = oracle(name);
    if (!lookup.found) {
      missing.push({ line, ...owner, name, reason: lookup.reason });
      continue;
    }
    const first = slides.get(lookup.identity);
    // The same row twice is one slide; one slide of two patients is a mistake.
    const stated = mpp === undefined ? {} : { mpp };
    if (first === undefined)
      slides.set(lookup.identity, { line, ...owner, name, path: lookup.path, ...stated });
    else if (first.patient !== owner.patient) found.push(twoPatients(line, name, first));
  }
  const named = withOneSpelling([...slides.values()], spec);
  found.push(...named.problems);
  return {
    slides: named.slides,
    missing,
    problems: found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  };
}

/** The rows with those of the optional columns that the table has. */
function readPresent(
  text: string,
  spec: SlideTableSpec,
): ReturnType<typeof readRows> & { readonly columns: readonly string[] } {
  const { patientColumn, slideColumn, resolution } = spec;
  const optional = [
    ...(spec.resolutionColumn === 'required' ? [] : [resolution?.column]),
    ...(spec.patients === 'required' ? [] : [patientColumn]),
  ];
  const wanted = [
    slideColumn,
    patientColumn,
    ...(resolution?.column === undefined ? [] : [resolution.column]),
  ];
  const all = readRows(text, wanted, spec.missing);
  const absent = all.problems.flatMap(({ code, column }) =>
    code === 'MissingColumn' && optional.includes(column) ? [column] : [],
  );
  const columns = wanted.filter((column) => !absent.includes(column));
  return { ...(absent.length === 0 ? all : readRows(text, columns, spec.missing)), columns };
}

/** As in a cohort: the column's, else the one that is stated for all; NaN when it is none. */
function statedMpp(
  cells: Readonly<Record<string, string>>,
  { resolution = {} }: SlideTableSpec,
  words: MissingValues,
): number | undefined {
  const text = resolution.column === undefined ? '' : (cells[resolution.column] ?? '');
  if (words.meaningOf(text, 'number') === 'missing') return resolution.mpp;
  const value = micrometresFrom(text) ?? NaN;
  return value >= 0.01 && value <= 100 ? value : NaN;
}

function noResolution(line: number, text: string): CohortProblem {
  const message = `the resolution '${text}' is not one in micrometres a pixel, from 0.01 to 100`;
  return { line, code: 'InvalidResolution', message };
}

export interface SlideBag<Slide> {
  readonly bag: string;
  readonly patient?: string;
  readonly slides: readonly Slide[];
}

/**
 * The bags of a table as a job's cohort would make them: sorted, and the slides of each by their paths, which is the
 * order of the sums.
 */
export function bagSlides(rule: 'patient' | 'slide', slides: readonly ListedSlide[]): SlideBag<string>[] {
  const bags = Map.groupBy(slides, ({ patient, name }) =>
    rule === 'slide' || patient === undefined ? name : patient,
  );
  return [...bags]
    .map(([bag, of]) => ({
      bag,
      ...(of[0]?.patient === undefined ? {} : { patient: of[0].patient }),
      slides: of.map(({ path }) => path).sort(compareText),
    }))
    .sort((a, b) => compareText(a.bag, b.bag));
}

/** The slides of a directory, or of a prefix in S3, where a slide that is not there is found missing when it is opened. */
export function slidesIn(directory: string): SlideOracle {
  const local = slideDirectory(directory, { empty: true });
  return (name): SlideLookup => {
    if (!isS3Address(name) && !isS3Address(directory)) return local(name);
    const path = isS3Address(name) ? name : belowAddress(directory, name);
    return { found: true, path, identity: path };
  };
}

function belowAddress(directory: string, name: string): string {
  const { bucket, key } = parseS3Address(directory);
  return formatS3Address({ bucket, key: posix.join(key, name) });
}

/** One patient in two spellings would be two bags: refused, merged or kept apart as for training. */
function withOneSpelling(
  slides: readonly ListedSlide[],
  spec: SlideTableSpec,
): { readonly slides: ListedSlide[]; readonly problems: readonly CohortProblem[] } {
  const names = slides.flatMap(({ patient, line }) =>
    patient === undefined ? [] : [{ kind: 'patient' as const, name: patient, line }],
  );
  const { problems, nameOf } = checkNames(names, [], spec);
  const renamed = slides.map(({ patient, ...slide }) => ({
    ...slide,
    ...(patient === undefined ? {} : { patient: nameOf('patient', patient) }),
  }));
  return { slides: renamed, problems };
}

function emptyField(line: number, column: string): CohortProblem {
  return { line, column, code: 'EmptyField', message: `the field '${column}' is empty` };
}

function twoPatients(line: number, name: string, first: ListedSlide): CohortProblem {
  const message = `the slide '${name}' is that of another patient on line ${first.line}`;
  return { line, code: 'DuplicateSlide', message };
}
