/**
 * CSV text to rows that know the line they start on. Quoted fields may span lines, blank lines are skipped, a
 * byte-order mark is dropped, and everything that is wrong with the text itself is returned as problems. The columns
 * may be separated by commas, semicolons, tabs or vertical bars: whatever gives the columns that are wanted.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { MissingValues, type MissingSpec } from './missing.ts';
import { type CohortProblem, enumerate } from './problems.ts';
import {
  COMMA,
  DELIMITERS,
  headerBelow,
  headerNotes,
  headerProblems,
  type Delimiter,
  type RawRow,
} from './table-header.ts';

export interface TableRow {
  readonly line: number;
  /** The cell of each wanted column, trimmed. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface RowsResult {
  readonly rows: readonly TableRow[];
  readonly problems: readonly CohortProblem[];
  /** What separates the columns. */
  readonly separator: string;
  /** How the text was understood, where it is not the plain form. */
  readonly notes: readonly string[];
}

/** Lines before the header; each is tried as the header. */
const MOST_PREAMBLE = 64;
/** Characters of the header: those of all genes are some hundred thousand. */
const LONGEST_HEADER = 2 ** 20;
const MOST_COLUMNS = 100_000;

const BOM = Buffer.from('\uFEFF');
const LINE_BREAKS = ['\r\n', '\n', '\r'];
const RELAXED = {
  bom: true,
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  record_delimiter: LINE_BREAKS,
  trim: true,
};
/** Excel's own first line (`sep=;`), and lines of comments (cBioPortal has four). */
const PREAMBLE = /^\uFEFF?(?:"?sep=(?<sign>.)"?|#[^\r\n]*)(?:\r\n|\n|\r)/i;

/**
 * @param columns the columns that must exist
 * @param missing what the job says of missing values, some of which begin as comments do (#N/A)
 */
export function readRows(text: string, columns: readonly string[], missing?: MissingSpec): RowsResult {
  const { skipped, body: table, sign } = withoutPreamble(text, columns);
  const delimiter = DELIMITERS.find((of) => of.sign === sign) ?? delimiterOf(table, columns);
  const notes = delimiter === COMMA ? [] : [`the columns are separated by ${delimiter.name}`];
  if (skipped > 0) notes.push(`${skipped === 1 ? 'a line' : `${skipped} lines`} before the header left out`);
  const separator = delimiter.sign;
  let raw: RawRow[];
  try {
    raw = parseText(table, delimiter).map(({ line, ...row }) => ({ line: line + skipped, ...row }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { rows: [], problems: [malformed(error, table, skipped)], separator, notes };
  }
  const header = raw[0];
  if (header === undefined) {
    return { rows: [], problems: [{ code: 'EmptyTable', message: 'the table is empty' }], separator, notes };
  }
  const problems = headerBelow(raw, columns) ?? headerProblems(header, columns);
  notes.push(...headerNotes(header, columns));
  const body = raw.slice(1);
  if (body.length === 0) problems.push({ code: 'EmptyTable', message: 'the table has a header but no rows' });
  const whole = body.filter(({ cells }) => cells.length === header.cells.length);
  const others = body.filter(({ cells }) => cells.length !== header.cells.length);
  const rowNames =
    whole.length === 0 && others.every(({ cells }) => cells.length === header.cells.length + 1);
  problems.push(...others.map((row) => ragged(row, header.cells.length, rowNames)));
  if (problems.some(({ code }) => code === 'MissingColumn' || code === 'WrongDelimiter')) {
    return { rows: [], problems, separator, notes };
  }
  const positions = columns.map((column) => [column, header.cells.indexOf(column)] as const);
  const isHeader = ({ cells }: RawRow): boolean => cells.every((cell, at) => cell === header.cells[at]);
  problems.push(...whole.filter(isHeader).map(({ line }) => repeatedHeader(line)));
  problems.push(...commentedOut(whole, new MissingValues(missing)));
  const marked = raw.filter(({ marks }) => marks).map(({ line }) => line);
  if (marked.length > 0) notes.push(`invisible byte-order marks left out on ${linesText(marked)}`);
  const values = whole.filter((row) => !isHeader(row));
  const rows = values.map(({ line, cells }) => ({
    line,
    cells: Object.fromEntries(positions.map(([column, position]) => [column, cells[position] ?? ''])),
  }));
  return { rows, problems, separator, notes };
}

/**
 * All columns of a table, in their order.
 * @param likely columns that it probably has: where its header is, and what separates its columns, is found by them
 */
export function columnsOf(text: string, likely: readonly string[]): string[] {
  const { body, sign } = withoutPreamble(text, likely);
  return headerOf(body, sign ?? delimiterOf(body, likely).sign);
}

/** The text from its header on: comments before it are left out only when a header follows them. */
function withoutPreamble(
  text: string,
  columns: readonly string[],
): { readonly skipped: number; readonly body: string; readonly sign?: string | undefined } {
  let body = text;
  let skipped = 0;
  let sign: string | undefined;
  for (
    let found = PREAMBLE.exec(body);
    found !== null && skipped < MOST_PREAMBLE;
    found = PREAMBLE.exec(body)
  ) {
    if (bestCount(body, columns) === columns.length) break;
    sign = found.groups?.['sign'] ?? sign;
    body = body.slice(found[0].length);
    skipped++;
  }
  return sign !== undefined || bestCount(body, columns) > 0
    ? { skipped, body, sign }
    : { skipped: 0, body: text };
}

function bestCount(text: string, columns: readonly string[]): number {
  return Math.max(...DELIMITERS.map(({ sign }) => countColumns(text, columns, sign)));
}

/** The one whose header has the most of the columns that are wanted, else the most columns; commas when none is better. */
function delimiterOf(text: string, columns: readonly string[]): Delimiter {
  const found = DELIMITERS.map(({ sign }) => {
    const header = headerOf(text, sign);
    return countColumns(text, columns, sign) * MOST_COLUMNS + Math.min(header.length, MOST_COLUMNS - 1);
  });
  return DELIMITERS[found.indexOf(Math.max(...found))] ?? COMMA;
}

function countColumns(text: string, columns: readonly string[], delimiter: string): number {
  const names = headerOf(text, delimiter);
  return columns.filter((column) => names.includes(column)).length;
}

function headerOf(text: string, delimiter: string): string[] {
  try {
    const [header = []] = parse(text.slice(0, LONGEST_HEADER), { ...RELAXED, delimiter, to: 1 });
    return header.map((name) => name.trim());
  } catch {
    return [];
  }
}

function parseText(text: string, { sign }: Delimiter): RawRow[] {
  const bytes = Buffer.from(text);
  const records = parse(bytes, {
    bom: true,
    delimiter: sign,
    info: true,
    // Files that were put together from others have several.
    record_delimiter: LINE_BREAKS,
    relax_column_count: true,
    skip_empty_lines: true,
    // Blanks between a comma and a quote.
    trim: sign !== '\t',
  }) as unknown as { record: string[]; info: { bytes: number } }[];
  // csv-parse gives the line on which a record ends; its start is found by counting from the end of the one before.
  let line = 1;
  let position = 0;
  const pass = (): void => {
    const pair = bytes[position] === 0x0d && bytes[position + 1] === 0x0a;
    if (!pair && (bytes[position] === 0x0a || bytes[position] === 0x0d)) line++;
    position++;
  };
  const rows: RawRow[] = [];
  for (const { record, info } of records) {
    while (bytes[position] === 0x0a || bytes[position] === 0x0d) pass();
    const cells = record.map((cell) => cell.trim());
    const read = bytes.subarray(position === 0 ? BOM.length : position, info.bytes);
    const marks = read.includes(BOM) && !cells.some((cell) => cell.includes('\uFEFF'));
    if (cells.some((cell) => cell !== '')) rows.push({ line, cells, marks });
    while (position < info.bytes) pass();
  }
  return rows;
}

function malformed(error: CsvError, text: string, skipped: number): CohortProblem {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    // The parser stops at the end of the file; the field that swallowed the rest began at the last quote.
    const line = skipped + text.slice(0, text.lastIndexOf('"')).split(/\r\n|\n|\r/).length;
    const message = 'a quoted field is never closed; from there on the table cannot be read';
    return { line, code: 'MalformedCsv', message };
  }
  const line = typeof error['lines'] === 'number' ? { line: error['lines'] + skipped } : {};
  const message = 'a quote stands inside a field; put the whole field in quotes and write " inside it as ""';
  return { ...line, code: 'MalformedCsv', message };
}

function linesText(lines: readonly number[]): string {
  return `${lines.length === 1 ? 'line' : 'lines'} ${enumerate(lines)}`;
}

function repeatedHeader(line: number): CohortProblem {
  const message = 'the header stands here once more';
  const remedy = 'Delete the line: tables that are put together keep one header.';
  return { line, code: 'MalformedCsv', message, remedy };
}

/** A row that begins with `#` where others do not: somebody meant to leave it out. */
function commentedOut(rows: readonly RawRow[], missing: MissingValues): CohortProblem[] {
  const marked = rows.filter(
    ({ cells: [first = ''] }) => first.startsWith('#') && missing.meaningOf(first, 'class') === 'value',
  );
  if (marked.length === rows.length) return [];
  return marked.map(({ line }) => ({
    line,
    code: 'MalformedCsv',
    message: "the row begins with '#', as a comment does, and others do not",
    remedy: "Delete the row, or the '#' at its start: comments may only stand before the header.",
  }));
}

function ragged(row: RawRow, expected: number, rowNames: boolean): CohortProblem {
  const count = row.cells.length;
  const hint =
    count <= expected
      ? ''
      : rowNames
        ? ' (a column of row names without a name: in R, write.csv with row.names = FALSE)'
        : row.cells.slice(expected).every((cell) => cell === '')
          ? ' (what is too many is empty: delete it at the end of the line)'
          : ' (a field with a comma in it must be quoted)';
  const message = `the row has ${count} fields where the header has ${expected}${hint}`;
  return { line: row.line, code: 'RaggedRow', message };
}
