/**
 * What in a table may identify a patient: column names and values that suggest it (pure). A search of this kind finds
 * what is written as people write it, and nothing else; that it finds nothing does not make a table anonymous.
 */
import { withoutInvisible } from '../spelling/characters.ts';
import {
  COLUMN_WORDS,
  GIVEN_NAMES,
  type IdentifierKind,
  NAMED_THINGS,
  ORDINARY_WORDS,
} from './identifying-words.ts';

export interface IdentifyingColumn {
  readonly column: string;
  readonly kind: IdentifierKind;
  /** Whether the column's name says it, or its values. */
  readonly by: 'column' | 'values';
  /** Lines of the suspicious values, or of all that are not empty. */
  readonly lines: readonly number[];
}

export interface SearchedTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[];
}

/** @param identifiers columns of patients and slides, which are searched for names and dates, too */
export function directIdentifiers(table: SearchedTable, identifiers: readonly string[]): IdentifyingColumn[] {
  return table.columns.flatMap((column): IdentifyingColumn[] => {
    const values = table.rows.flatMap(({ line, cells }) => {
      const text = plain(cells[column] ?? '');
      return text === '' ? [] : [{ line, text }];
    });
    const named = kindOfColumn(column);
    if (named !== undefined && values.length > 0 && !identifiers.includes(column)) {
      return [{ column, kind: named, by: 'column', lines: values.map(({ line }) => line) }];
    }
    const kinds = values.map(({ line, text }) => ({
      line,
      kind: kindOfValue(text, identifiers.includes(column)),
    }));
    return [...Map.groupBy(kinds, ({ kind }) => kind)].flatMap(([kind, of]) =>
      kind === undefined ? [] : [{ column, kind, by: 'values', lines: of.map(({ line }) => line) }],
    );
  });
}

/** By its name, or undefined: `dateOfBirth`, `Geb.-Datum`, `E-Mail`, `patient_name`; not `slide_name`. */
export function kindOfColumn(column: string): IdentifierKind | undefined {
  const words = wordsOf(column.replaceAll(/(\p{Ll})(\p{Lu})/gu, '$1 $2'));
  const joined = words.join('');
  const found = COLUMN_WORDS.find(
    ({ whole, part }) =>
      words.some((word) => whole.includes(word)) || part.some((word) => joined.includes(word)),
  );
  if (found?.kind === 'name' && words.some((word) => NAMED_THINGS.has(word))) return undefined;
  if (found === undefined && /death|sterbe|deces/.test(joined) && /date|datum/.test(joined)) return 'date';
  return found?.kind;
}

/** @param identifier whether it names a patient or a slide */
export function kindOfValue(text: string, identifier: boolean): IdentifierKind | undefined {
  if (/[^\s@,;]+@[^\s@,;]+\.\p{L}{2,}/u.test(text)) return 'e-mail address';
  const date = dateIn(text, identifier);
  if (date !== undefined) return date;
  if (isTelephone(text)) return 'telephone number';
  if (/^\p{Lu}[\p{L}'-]+,\s*\p{Lu}[\p{L}.'-]+/u.test(text) || /\p{L}{2,}\^\p{L}{2,}/u.test(text))
    return 'name';
  return identifier && holdsName(text) ? 'name' : undefined;
}

const WHOLE_DATE =
  /^(?:(?<y>\d{4})[-/.](?<m>\d{1,2})[-/.](?<d>\d{1,2})|(?<a>\d{1,2})[-/.](?<b>\d{1,2})[-/.](?<z>\d{4}))(?:[T ].*)?$/;
const DATES_WITHIN =
  /(?<!\d)(?:(?<y>(?:19|20)\d\d)[-_./](?<m>\d{1,2})[-_./](?<d>\d{1,2})|(?<a>\d{1,2})[-_./](?<b>\d{1,2})[-_./](?<z>(?:19|20)\d\d)|(?<c>(?:19|20)\d{6}))(?!\d)/g;

/** Adults of today were born before; in a later year something else may have happened. */
const BIRTHS_BEFORE = 2006;

/** A date in an identifier, or a value that is one; which of day and month comes first does not matter. */
function dateIn(text: string, identifier: boolean): 'date of birth' | 'date' | undefined {
  const found = identifier ? [...text.matchAll(DATES_WITHIN)] : [WHOLE_DATE.exec(text)];
  const years = found.flatMap((match) => {
    const { y, m, d, a, b, z, c = '' } = match?.groups ?? {};
    const [year, first, second] = [
      y ?? z ?? c.slice(0, 4),
      m ?? a ?? c.slice(4, 6),
      d ?? b ?? c.slice(6, 8),
    ].map(Number);
    const [low, high] = [Math.min(first!, second!), Math.max(first!, second!)];
    return year! >= 1900 && year! < 2100 && low >= 1 && low <= 12 && high <= 31 ? [year!] : [];
  });
  if (years.length === 0) return undefined;
  return years.some((year) => year < BIRTHS_BEFORE) ? 'date of birth' : 'date';
}

function isTelephone(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '').length;
  return /^(?:\+\d|\(?0\d)[\d ()/.-]+$/.test(text) && /[+ ()/]/.test(text) && digits >= 7 && digits <= 15;
}

/** A given name, or two capitalised words side by side that are no ordinary ones. */
function holdsName(text: string): boolean {
  const words = text.replace(/\.\w{2,5}$/, '').split(/[\s_.,;-]+/);
  if (words.some((word) => GIVEN_NAMES.has(folded(word)))) return true;
  return words.some((word, index) => isCapitalised(word) && isCapitalised(words[index + 1] ?? ''));
}

function isCapitalised(word: string): boolean {
  return /^\p{Lu}\p{Ll}{2,}$/u.test(word) && !ORDINARY_WORDS.has(folded(word));
}

function wordsOf(text: string): string[] {
  return folded(plain(text))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** Without accents, in lower case. */
function folded(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll('ß', 'ss').toLowerCase();
}

function plain(text: string): string {
  return withoutInvisible(text.normalize('NFKC')).trim();
}
