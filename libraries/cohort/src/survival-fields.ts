/** Follow-up times and events as tables write them. */
import type { Reading } from './reading.ts';
import { quoted } from './spelling/characters.ts';
import { skeletonOf } from './spelling/skeleton.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const DATE = /^\d{1,4}([-./])\d{1,2}\1\d{1,4}(?:[T ].*)?$|^\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}$/;

const DATE_REMEDY =
  'A time is the duration from the start of follow-up to the event or to the last contact, in one unit for all rows.';

/** Reads follow-up times. */
export class TimeReader {
  /** By what is wrong with them, the first of the times with a comma: those of all rows are one line of the message. */
  readonly #withComma = new Map<string, string>();

  read(text: string): Reading<number> {
    const time = NUMBER.test(text) ? Number(text) : NaN;
    if (time > 0 && Number.isFinite(time)) return { value: time };
    const problem = timeProblem(text, time);
    if (/^[\d.,]*,[\d.,]*$/.test(text)) {
      const first = this.#withComma.get(problem) ?? text;
      this.#withComma.set(problem, first);
      return { code: 'InvalidTime', message: `a time with a comma, such as ${quoted(first)}, ${problem}` };
    }
    const message = `the time ${quoted(text)} ${problem}`;
    return { code: 'InvalidTime', message, ...(DATE.test(text) ? { remedy: DATE_REMEDY } : {}) };
  }
}

/** What times that are no numbers look like, and what is to be done. */
const HINTS: readonly { readonly like: RegExp; readonly hint: string }[] = [
  { like: /^\d+,\d+$/, hint: 'write the decimal separator as a point' },
  { like: /^[\d.]+\s*[A-Za-z]+$/, hint: 'write the number alone, without its unit' },
  { like: /^\d{1,3}([\s'\u2019]\d{3})+([.,]\d+)?$/u, hint: 'write it without what parts the thousands' },
  { like: /^[\d.]+\+$/, hint: 'R marks a censored time so: write the number alone, and 0 as its event' },
  {
    like: /^[<>\u2264\u2265]=?\s*[\d.]+$/,
    hint: 'write the number alone; a patient who was followed for at least so long is censored then',
  },
];

function timeProblem(text: string, time: number): string {
  if (time <= 0) {
    return time === 0 && !text.startsWith('-')
      ? 'is not greater than 0 (who was never followed says nothing about survival: leave the row out)'
      : 'is not greater than 0';
  }
  if (DATE.test(text)) return 'is a date, not a duration';
  if (/^\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) {
    return 'is not a finite number (write it without the comma: it may mean thousands or a decimal)';
  }
  const hint = HINTS.find(({ like }) => like.test(text))?.hint;
  if (hint !== undefined) return `is not a finite number (${hint})`;
  const plain = text.normalize('NFKC');
  return plain !== text && NUMBER.test(plain)
    ? `is not a finite number (its digits are of another form: write ${plain})`
    : 'is not a finite number';
}

/** Words of clinical exports, by their skeleton: only to say which setting would read them, never to read them. */
const USUAL = {
  observed: [
    'dead',
    'deceased',
    'died',
    'death',
    'event',
    'yes',
    'y',
    'true',
    't',
    'recurred',
    'relapsed',
    'progressed',
  ],
  censored: ['alive', 'living', 'no', 'n', 'false', 'f', 'censored', 'diseasefree', 'noevent'],
} as const;
const SHOWN_WORDS = 12;

/** Reads events: 1 and 0, or what the job says that they are called. */
export class EventWords {
  readonly #observed: ReadonlySet<string>;
  readonly #censored: ReadonlySet<string>;
  readonly #unknown = new Set<string>();
  /** The numbers that need no word of the job: 1 and 0, unless it gives what they mean to another number. */
  readonly #plain: ReadonlySet<string>;

  constructor({ observed = [], censored = [] }: EventSpec) {
    this.#observed = new Set(observed.map(skeletonOf));
    this.#censored = new Set(censored.map(skeletonOf));
    // With `observed: ["0"]` alone, a 1 that is read as an event as well would make everything an event.
    const plain = [...(hasNumber(this.#observed) ? [] : ['1']), ...(hasNumber(this.#censored) ? [] : ['0'])];
    this.#plain = new Set(plain);
  }

  /** Whether the job says what this word means. */
  knows(text: string): boolean {
    const word = skeletonOf(text);
    return this.#observed.has(word) || this.#censored.has(word);
  }

  read(text: string): Reading<0 | 1> {
    const word = skeletonOf(text);
    if (this.#observed.has(word)) return { value: 1 };
    if (this.#censored.has(word)) return { value: 0 };
    // "1.0" is what data frames write for integers once a value was missing.
    const number = /^([01])(?:\.0*)?$/.exec(text)?.[1];
    if (number !== undefined && this.#plain.has(number)) return { value: number === '1' ? 1 : 0 };
    this.#unknown.add(text);
    if (number !== undefined) {
      const said = `the event ${quoted(text)} has no meaning: the job gives one to other numbers, but not to this`;
      return { code: 'InvalidEvent', message: said };
    }
    const message = `the event ${quoted(text)} is neither 1 (it happened) nor 0 (censored)`;
    return { code: 'InvalidEvent', message };
  }

  /** The setting that would read the words that were met, as far as their usual meaning is known. */
  get remedy(): string | undefined {
    if (this.#unknown.size === 0) return undefined;
    const words = [...this.#unknown].slice(0, SHOWN_WORDS);
    const meant = (kind: keyof typeof USUAL): string =>
      list(words.filter((word) => usualMeaning(word) === kind));
    const other = words.filter((word) => usualMeaning(word) === undefined);
    const two = words.includes('2')
      ? ' Where 1 means censored and 2 an event, as in R: `observed: ["2"]` and `censored: ["1"]`; where 2 is a ' +
        'competing event, decide what it counts as.'
      : '';
    if (words.every((word) => /^[01](?:\.0*)?$/.test(word))) {
      return `Put ${list(words)} under \`cohort.outcome.observed\` (it happened) or \`censored\`, too.`;
    }
    if (other.length === words.length) {
      return `Write 1 and 0, or put ${list(other)} under \`cohort.outcome.observed\` or \`censored\`.${two}`;
    }
    const settings = (['observed', 'censored'] as const)
      .filter((kind) => meant(kind) !== '[]')
      .map((kind) => `\`cohort.outcome.${kind}: ${meant(kind)}\``)
      .join(' and ');
    const rest = other.length === 0 ? '' : `, with ${list(other)} under what they mean`;
    return `Write 1 and 0, or say ${settings.includes('observed') ? 'which words are events' : 'what the words mean'}: ${settings}${rest}.${two}`;
  }
}

function hasNumber(words: ReadonlySet<string>): boolean {
  return [...words].some((word) => /^\d+$/.test(word));
}

interface EventSpec {
  readonly observed?: readonly string[] | undefined;
  readonly censored?: readonly string[] | undefined;
}

function usualMeaning(text: string): keyof typeof USUAL | undefined {
  // cBioPortal writes "1:DECEASED" and "0:LIVING".
  const word = skeletonOf(text.replace(/^[01]:/, ''));
  if ((USUAL.observed as readonly string[]).includes(word)) return 'observed';
  return (USUAL.censored as readonly string[]).includes(word) ? 'censored' : undefined;
}

function list(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}
