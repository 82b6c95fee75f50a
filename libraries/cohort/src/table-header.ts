/** The header of a table: whether it has the columns that a job names, and what was meant where it has not. */
import { type CohortProblem, enumerate } from './problems.ts';
import { quoted } from './spelling/characters.ts';
import { didYouMean } from './spelling/nearest.ts';
import { skeletonOf } from './spelling/skeleton.ts';

export interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
  /** Whether byte-order marks were taken away from its fields. */
  readonly marks: boolean;
}

export interface Delimiter {
  readonly sign: string;
  readonly name: string;
}

export const COMMA: Delimiter = { sign: ',', name: 'commas' };
export const DELIMITERS: readonly Delimiter[] = [
  COMMA,
  { sign: ';', name: 'semicolons' },
  { sign: '\t', name: 'tabs' },
  { sign: '|', name: 'vertical bars' },
];
const SHOWN_COLUMNS = 40;
const COLUMNS_REMEDY =
  'The job names the columns: `cohort.patientColumn`, `cohort.slideColumn`, `cohort.outcome` and `cohort.split.column`.';
/** What others call these columns: only for the message. */
const USUAL_NAMES: readonly ReadonlySet<string>[] = [
  [
    ...['patient', 'patient_id', 'case', 'case_id', 'subject', 'subject_id', 'participant', 'participant_id'],
    ...['bcr_patient_barcode', 'submitter_id', 'case_submitter_id', 'cases.submitter_id', 'pid', 'mrn'],
  ],
  [
    ...[
      'slide',
      'slide_id',
      'slide_name',
      'file',
      'filename',
      'file_name',
      'image',
      'image_id',
      'wsi',
      'wsi_id',
    ],
    ...['slide_path', 'path'],
  ],
].map((names) => new Set(names.map(skeletonOf)));

export function headerProblems(header: RawRow, columns: readonly string[]): CohortProblem[] {
  const names = header.cells;
  const only = names.length === 1 ? (names[0] ?? '') : undefined;
  const quotedLine = only !== undefined && DELIMITERS.some(({ sign }) => only.includes(sign));
  if (quotedLine && columns.every((column) => only.includes(column))) {
    const message = 'the whole line stands in quotes, so that it is a single column';
    const remedy = 'Take the outer quotes away: the table was saved as CSV twice.';
    return [{ line: header.line, code: 'WrongDelimiter', message, remedy }];
  }
  const words = only?.split(/\s+/) ?? [];
  if (words.length > 1 && columns.every((column) => words.includes(column))) {
    const message = 'the columns are separated by spaces';
    const remedy = 'Separate them by commas, semicolons or tabs: spaces may stand within a field.';
    return [{ line: header.line, code: 'WrongDelimiter', message, remedy }];
  }
  const problems: CohortProblem[] = [];
  for (const column of columns) {
    const count = names.filter((name) => name === column).length;
    if (count > 1) {
      const message = `the column '${column}' appears ${count} times`;
      const remedy = 'Give each column that the job names one name of its own.';
      problems.push({ line: header.line, column, code: 'DuplicateColumn', message, remedy });
    }
    if (count > 0) continue;
    const message =
      `there is no column '${column}'${columnHint(column, names)}; ` + `the columns are ${columnList(names)}`;
    problems.push({ line: header.line, column, code: 'MissingColumn', message, remedy: COLUMNS_REMEDY });
  }
  return problems;
}

/** A title above the header, as spreadsheets have it. */
export function headerBelow(raw: readonly RawRow[], columns: readonly string[]): CohortProblem[] | undefined {
  const at = raw.findIndex(({ cells }) => {
    const names = new Set(
      cells.flatMap((cell) => [cell, ...cell.split(/[;\t|]/).map((name) => name.trim())]),
    );
    return columns.every((column) => names.has(column));
  });
  const header = raw[at];
  if (header === undefined || at === 0) return undefined;
  const message = `the columns that the job names stand on line ${header.line}, not in the first line`;
  const remedy = 'Delete what is above the header.';
  return [{ line: raw[0]!.line, code: 'MissingColumn', message, remedy }];
}

export function headerNotes({ cells }: RawRow, columns: readonly string[]): string[] {
  return columns.flatMap((column) => {
    const others = cells.filter((name) => name !== column && isLike(name, column));
    if (others.length === 0 || !cells.includes(column)) return [];
    return [`there are columns '${column}' and ${enumerate(others.map(quoted))}: '${column}' is read`];
  });
}

/** In another spelling, or one of two columns of one name, as pandas (`label.1`) and joins (`label_x`, `label.y`) call them. */
function isLike(name: string, column: string): boolean {
  const again = name.startsWith(column) && /^(?:\.\d{1,2}|[._][xy])$/.test(name.slice(column.length));
  return again || skeletonOf(name) === skeletonOf(column);
}

function columnList(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_COLUMNS).map(quoted).join(', ');
  return names.length > SHOWN_COLUMNS ? `${shown} and ${names.length - SHOWN_COLUMNS} more` : shown;
}

function columnHint(column: string, names: readonly string[]): string {
  const same = names.find((name) => skeletonOf(name) === skeletonOf(column));
  const hint = same === undefined ? didYouMean(column, names) : ` (did you mean ${quoted(same)}?)`;
  if (hint !== '') return hint;
  const usual = names.find((name) =>
    USUAL_NAMES.some((of) => of.has(skeletonOf(column)) && of.has(skeletonOf(name))),
  );
  if (usual !== undefined) return ` (did you mean ${quoted(usual)}?)`;
  const longer = names.find((name) => skeletonOf(name).includes(skeletonOf(column)));
  return longer === undefined ? '' : ` (did you mean ${quoted(longer)}?)`;
}
