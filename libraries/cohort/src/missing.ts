/**
 * Words that stand for a missing value: the one list, for every column. Data frames, spreadsheets, statistics programs
 * and the exports of clinical databases each write their own.
 *
 *     marks       are missing in every column: NaN, NA, #N/A, NULL, [Not Available], '--, Not Reported...
 *     ambiguous   are missing where an identifier or a number is expected; as a class or a treatment they may be meant
 *                 (HPV `-`, a class `unknown`), so there they are refused until the job says what they are
 *
 * `none` is the treatment of patients without one; `None`, as Python writes a missing value, may be either there.
 * Letter case, invisible characters and spaces around a word do not matter.
 */
import { withoutInvisible } from './spelling/characters.ts';

const MARKS: ReadonlySet<string> = new Set([
  // Data frames and statistics programs.
  ...['nan', '-nan', '+nan', 'nan(ind)', '-nan(ind)', '1.#qnan', '-1.#qnan', '1.#ind', '-1.#ind'],
  ...[
    'na',
    '<na>',
    '<nan>',
    '<null>',
    '<none>',
    '(null)',
    'nat',
    'null',
    'nil',
    'n.a.',
    'n.a',
    'n/a',
    'nan.0',
  ],
  ...['na_character_', 'na_integer_', 'na_real_', 'pd.na', 'np.nan', 'undefined', '\\n', '#missing'],
  // Clinical databases: GDC, TCGA, cBioPortal, SEER, REDCap.
  ...['[not available]', '[not applicable]', '[not evaluated]', '[unknown]', '[discrepancy]', '[pending]'],
  ...[
    '[completed]',
    '[null]',
    '[na]',
    '[n/a]',
    '[]',
    "'--",
    '--',
    "'-",
    'not reported',
    'not available',
    'notavailable',
  ],
  ...[
    'not applicable',
    'not evaluated',
    'not recorded',
    'not known',
    'not provided',
    'not stated',
    'not assessed',
  ],
  ...[
    'not allowed to collect',
    'not collected',
    'unspecified',
    'data missing',
    'no data',
    'blank',
    '(blank)',
  ],
  ...['blank(s)', '(empty)', '<empty>', 'n.d.', 'n/d', 'not determined', 'unknown(?)'],
  ...['k.a.', 'k. a.', 'keine angabe', 'nicht bekannt', 'non disponible', 'no disponible'],
  // Errors of spreadsheets, some in their local words.
  ...[
    '#n/a',
    '#na',
    '#n/a n/a',
    '#n/a!',
    '#nv',
    '#n/d',
    '#nd',
    '#div/0!',
    '#value!',
    '#wert!',
    '#valeur!',
    '#valor!',
  ],
  ...[
    '#ref!',
    '#bezug!',
    '#name?',
    '#num!',
    '#zahl!',
    '#null!',
    '#spill!',
    '#calc!',
    '#getting_data',
    '#error!',
  ],
]);

/** Nothing but signs, such as `---`, `...`, `??` and `*`; one or more of a kind. */
const SIGNS = /^(?:[-\u2010-\u2015\u2212_]+|\.+|\?+|\*+|\/+)$/;
const AMBIGUOUS: ReadonlySet<string> = new Set([
  ...['none', 'unknown', 'unk', 'missing', 'not done', 'empty'],
  ...['unbekannt', 'inconnu', 'desconocido'],
]);

/** 999 and its like, with which registries fill what they do not know; it may as well be a value. */
export const FILLING_NUMBER = /^-?(?:99+|88+|77+)(?:\.0+)?$/;

/** What a column holds, as far as it matters for what a word means there. */
export type ColumnKind = 'identifier' | 'number' | 'class' | 'treatment';

/** What the job says about words (`cohort.missing`). */
export interface MissingSpec {
  /** Further words that stand for a missing value, in every column. */
  readonly words?: readonly string[] | undefined;
  /** Words that are values in this table although they are in the list. */
  readonly values?: readonly string[] | undefined;
  /** What becomes of a row without a patient, slide, outcome or split. */
  readonly rows?: 'fail' | 'skip' | undefined;
}

export type Meaning = 'value' | 'missing' | 'ambiguous';

/** Interprets cells: a pure function of their text, the kind of their column and the job. */
export class MissingValues {
  readonly #words: ReadonlySet<string>;
  readonly #values: ReadonlySet<string>;

  constructor({ words = [], values = [] }: MissingSpec = {}) {
    this.#words = new Set(words.map(wordOf));
    this.#values = new Set(values.map((word) => word.trim()));
  }

  meaningOf(text: string, kind: ColumnKind): Meaning {
    const word = wordOf(text);
    if (word === '') return 'missing';
    if (this.#values.has(text.trim())) return 'value';
    if (this.#words.has(word) || MARKS.has(word)) return 'missing';
    if (kind === 'treatment' && word === 'none') return text.trim() === 'None' ? 'ambiguous' : 'value';
    if (kind === 'class' && text.trim() === 'None') return 'missing';
    if (!AMBIGUOUS.has(word) && !SIGNS.test(word)) return 'value';
    return kind === 'class' || kind === 'treatment' ? 'ambiguous' : 'missing';
  }
}

function wordOf(text: string): string {
  return withoutInvisible(text.normalize('NFKC')).trim().replace(/\s+/g, ' ').toLowerCase();
}
