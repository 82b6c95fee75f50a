/** Decimal commas in the times of a table whose columns something else separates (`12,5`). */
import type { CohortSpec } from './cohort.ts';
import { quoted } from './spelling/characters.ts';
import type { TableRow } from './table-rows.ts';

const WITH_COMMA = /^\d+,\d+$/;
/** `1,234` may be thousands. */
const LIKE_THOUSANDS = /^[1-9]\d{0,2},\d{3}$/;

export interface PointedRows {
  readonly rows: readonly TableRow[];
  readonly notes: readonly string[];
}

/**
 * The rows with a point in place of each decimal comma of their times. They stay as they are, and so are refused, when
 * commas separate the columns, points are there too, or all the commas may part thousands.
 */
export function withDecimalPoints(
  rows: readonly TableRow[],
  { outcome }: CohortSpec,
  separator: string,
): PointedRows {
  if (outcome.type !== 'survival' || ![';', '\t'].includes(separator)) return { rows, notes: [] };
  const column = outcome.time;
  const texts = rows.map(({ cells }) => cells[column] ?? '');
  const commas = texts.filter((text) => text.includes(','));
  const [first] = commas;
  const isDecimal =
    commas.every((text) => WITH_COMMA.test(text)) &&
    !commas.every((text) => LIKE_THOUSANDS.test(text)) &&
    !texts.some((text) => /\d\.\d|^\.\d/.test(text));
  if (first === undefined || !isDecimal) return { rows, notes: [] };
  const pointed = (text: string): string => (WITH_COMMA.test(text) ? text.replace(',', '.') : text);
  return {
    rows: rows.map(({ line, cells }) => ({
      line,
      cells: { ...cells, [column]: pointed(cells[column] ?? '') },
    })),
    notes: [`the commas in '${column}' are read as decimal ones: ${quoted(first)} as ${pointed(first)}`],
  };
}
