/**
 * CSV text to rows that know the line they start on. Quoted fields may span lines, blank lines are skipped, a
 * byte-order mark is dropped, and everything that is wrong with the text itself is returned as problems.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { didYouMean } from './spelling.ts';

export type ProblemCode =
  | 'MalformedCsv'
  | 'EmptyTable'
  | 'WrongDelimiter'
  | 'MissingColumn'
  | 'DuplicateColumn'
  | 'RaggedRow'
  | 'EmptyField'
  | 'MissingSlide'
  | 'DuplicateSlide'
  | 'InvalidTime'
  | 'InvalidEvent'
  | 'InvalidSplit'
  | 'ConflictingOutcome'
  | 'ConflictingTreatment'
  | 'SplitLeak'
  | 'SplitImpossible'
  | 'TooFewClasses'
  | 'ClassWithOnePatient'
  | 'ClassNotInTraining'
  | 'NoEvents'
  | 'OneTreatment'
  | 'EmptySplit';

/** One thing that is wrong with the table. */
export interface CohortProblem {
  /** Line of the file (the header is line 1) on which the row starts; absent when it concerns the whole table. */
  readonly line?: number;
  readonly column?: string;
  readonly code: ProblemCode;
  readonly message: string;
}

export interface TableRow {
  readonly line: number;
  /** The cell of each wanted column, trimmed. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface RowsResult {
  readonly rows: readonly TableRow[];
  readonly problems: readonly CohortProblem[];
}

interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
}

const DELIMITERS: readonly (readonly [string, string])[] = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'vertical bars'],
];

/** @param columns the columns that must exist */
export function readRows(text: string, columns: readonly string[]): RowsResult {
  const problems: CohortProblem[] = [];
  let raw: RawRow[];
  try {
    raw = parseText(text);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { rows: [], problems: [malformed(error, text)] };
  }
  const header = raw[0];
  if (header === undefined) {
    return { rows: [], problems: [{ code: 'EmptyTable', message: 'the table is empty' }] };
  }
  problems.push(...headerProblems(header, columns));
  const body = raw.slice(1);
  if (body.length === 0) problems.push({ code: 'EmptyTable', message: 'the table has a header but no rows' });
  const whole: RawRow[] = [];
  for (const row of body) {
    if (row.cells.length === header.cells.length) whole.push(row);
    else problems.push(ragged(row, header.cells.length));
  }
  if (problems.some(({ code }) => code === 'MissingColumn' || code === 'WrongDelimiter')) {
    return { rows: [], problems };
  }
  const positions = columns.map((column) => [column, header.cells.indexOf(column)] as const);
  const rows = whole.map(({ line, cells }) => ({
    line,
    cells: Object.fromEntries(positions.map(([column, position]) => [column, cells[position] ?? ''])),
  }));
  return { rows, problems };
}

function parseText(text: string): RawRow[] {
  const bytes = Buffer.from(text);
  const records = parse(bytes, {
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
  }) as unknown as { record: string[]; info: { bytes: number } }[];
  // csv-parse tells the line on which a record ends; its start is found by counting from the end of the one before.
  const lineBreak = bytes.includes('\n') ? 0x0a : 0x0d;
  let line = 1;
  let position = 0;
  const rows: RawRow[] = [];
  for (const { record, info } of records) {
    while (bytes[position] === 0x0a || bytes[position] === 0x0d) {
      if (bytes[position] === lineBreak) line++;
      position++;
    }
    const cells = record.map((cell) => cell.trim());
    if (cells.some((cell) => cell !== '')) rows.push({ line, cells });
    for (; position < info.bytes; position++) if (bytes[position] === lineBreak) line++;
  }
  return rows;
}

function malformed(error: CsvError, text: string): CohortProblem {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    // The parser stops at the end of the file; the field that swallowed the rest began at the last quote.
    const line = text.slice(0, text.lastIndexOf('"')).split(/\r\n|\n|\r/).length;
    const message = 'a quoted field is never closed; from there on the table cannot be read';
    return { line, code: 'MalformedCsv', message };
  }
  const line = typeof error['lines'] === 'number' ? { line: error['lines'] } : {};
  const message = 'a quote stands inside a field; put the whole field in quotes and write " inside it as ""';
  return { ...line, code: 'MalformedCsv', message };
}

function headerProblems(header: RawRow, columns: readonly string[]): CohortProblem[] {
  const names = header.cells;
  const only = names.length === 1 ? (names[0] ?? '') : undefined;
  const delimiter =
    only === undefined ? undefined : DELIMITERS.find(([character]) => only.includes(character));
  if (delimiter !== undefined) {
    const message = `the columns are separated by ${delimiter[1]}; save the table with commas`;
    return [{ line: header.line, code: 'WrongDelimiter', message }];
  }
  const problems: CohortProblem[] = [];
  for (const column of columns) {
    const count = names.filter((name) => name === column).length;
    if (count > 1) {
      const message = `the column '${column}' appears ${count} times`;
      problems.push({ line: header.line, column, code: 'DuplicateColumn', message });
    }
    if (count > 0) continue;
    const message =
      `there is no column '${column}'${didYouMean(column, names)}; ` +
      `the columns are ${names.map((name) => `'${name}'`).join(', ')}`;
    problems.push({ line: header.line, column, code: 'MissingColumn', message });
  }
  return problems;
}

function ragged(row: RawRow, expected: number): CohortProblem {
  const message =
    `the row has ${row.cells.length} fields where the header has ${expected}` +
    (row.cells.length > expected ? ' (a field with a comma in it must be quoted)' : '');
  return { line: row.line, code: 'RaggedRow', message };
}
