/**
 * Names of patients, classes and treatments that differ only in spelling: refused, merged or kept apart, as the job
 * says. A patient in two spellings could be on both sides of the split.
 */
import { basename } from 'node:path';
import { type CohortSpec, compareText, type SpellingPolicy } from './cohort.ts';
import { type CohortProblem, enumerate, type ProblemCode } from './problems.ts';
import { quoted } from './spelling/characters.ts';
import { differenceBetween, participantOf, patientSkeletonOf, skeletonOf } from './spelling/skeleton.ts';
import type { NamedCell, SlideRecord } from './table-fields.ts';

/** What is found about names, and what they are to be called. */
export interface NamesResult {
  readonly problems: readonly CohortProblem[];
  readonly notes: readonly string[];
  /** The name that stands for this one. */
  readonly nameOf: (kind: NamedCell['kind'], name: string) => string;
}

interface Kind {
  readonly code: ProblemCode;
  readonly plural: string;
  readonly field: 'patients' | 'classes';
  readonly skeleton: (name: string) => string;
}

const KINDS: Readonly<Record<NamedCell['kind'], Kind>> = {
  patient: { code: 'SimilarPatients', plural: 'patients', field: 'patients', skeleton: patientSkeletonOf },
  class: { code: 'SimilarClasses', plural: 'classes', field: 'classes', skeleton: skeletonOf },
  treatment: { code: 'SimilarTreatments', plural: 'treatments', field: 'classes', skeleton: skeletonOf },
};
/** `1.00E+05`: how a spreadsheet shortens 100012 and 100023. */
const SHORTENED = /^\d(?:[.,]\d+)?E\+\d+$/i;
/** `2-Mar`: what a spreadsheet makes of `2-3`. */
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const MADE_A_DATE = new RegExp(`^(?:\\d{1,2}[-. ]${MONTH}(?:[-. ]\\d{2,4})?|${MONTH}[-. ]\\d{2,4})$`, 'i');

const YES: ReadonlySet<string> = new Set(['1', 'true', 't', 'yes', 'y', 'positive', 'pos', '+', 'present']);
const NO: ReadonlySet<string> = new Set(['0', 'false', 'f', 'no', 'n', 'negative', 'neg', 'absent']);

/** Digits that a spreadsheet keeps of a number; it writes zeros for the others. */
const KEPT_DIGITS = 15;
/** Zeros in the place of digits, over all long numbers, that are not there by chance. */
const TELLING_ZEROS = 3;

export function checkNames(
  names: readonly NamedCell[],
  records: readonly SlideRecord[],
  { spellings = {} }: Pick<CohortSpec, 'spellings'>,
): NamesResult {
  const problems: CohortProblem[] = [];
  const notes: string[] = [];
  const merged = new Map<string, string>();
  for (const kind of ['patient', 'class', 'treatment'] as const) {
    const lines = linesByName(names.filter((of) => of.kind === kind));
    const policy: SpellingPolicy = spellings[KINDS[kind].field] ?? 'refuse';
    const groups = [...Map.groupBy(lines.keys(), KINDS[kind].skeleton).values()].filter(
      ({ length }) => length > 1,
    );
    if (policy === 'refuse') problems.push(...groups.flatMap((group) => similar(KINDS[kind], group, lines)));
    else if (groups.length > 0) notes.push(policyNote(KINDS[kind], groups, policy));
    if (policy !== 'distinct' && kind !== 'patient') problems.push(...synonyms(KINDS[kind], lines));
    if (policy === 'merge') {
      for (const group of groups) {
        const chosen = mostUsed(group, lines);
        for (const name of group) merged.set(`${kind}\n${name}`, chosen);
      }
    }
    if (policy !== 'distinct') problems.push(...mangled(kind, lines));
  }
  const nameOf: NamesResult['nameOf'] = (kind, name) => merged.get(`${kind}\n${name}`) ?? name;
  const found = participants(records, (name) => nameOf('patient', name));
  if (spellings.patients !== 'distinct') problems.push(...found.problems);
  return { problems, notes: [...notes, ...found.notes, ...slideNotes(records)], nameOf };
}

function linesByName(names: readonly NamedCell[]): ReadonlyMap<string, readonly number[]> {
  const lines = new Map<string, number[]>();
  for (const { name, line } of names) {
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [line]);
    else known.push(line);
  }
  return lines;
}

function similar(
  { code, plural, field }: Kind,
  [first = '', ...others]: readonly string[],
  lines: ReadonlyMap<string, readonly number[]>,
): CohortProblem[] {
  const remedy =
    `Write ${plural === 'patients' ? 'a patient' : `one of the ${plural}`} in one way throughout. ` +
    `When they are the same, \`cohort.spellings.${field}: merge\` takes them for one; when they are not, ` +
    '`distinct` keeps them apart.';
  return others.map((other) => ({
    line: lines.get(other)![0]!,
    code,
    message:
      `the ${plural} ${quoted(first)} (line ${lines.get(first)![0]}) and ${quoted(other)} differ only in ` +
      differenceBetween(first, other),
    remedy,
  }));
}

/** Yes and no in more than one form: 1 and True would be two classes. Only where the column holds nothing else. */
function synonyms(
  { code, plural, field }: Kind,
  lines: ReadonlyMap<string, readonly number[]>,
): CohortProblem[] {
  const names = [...lines.keys()];
  const meanings = names.map((name) => [YES, NO].findIndex((words) => words.has(name.trim().toLowerCase())));
  if (meanings.includes(-1)) return [];
  return names.flatMap((name, at) => {
    const first = names[meanings.indexOf(meanings[at]!)]!;
    // In one word the spelling is reported.
    if (first === name || skeletonOf(first) === skeletonOf(name)) return [];
    return [
      {
        line: lines.get(name)![0]!,
        code,
        message: `the ${plural} ${quoted(first)} (line ${lines.get(first)![0]}) and ${quoted(name)} may mean the same`,
        remedy: `Write one of them throughout; when they are different, \`cohort.spellings.${field}: distinct\` keeps them apart.`,
      },
    ];
  });
}

function policyNote(
  { plural }: Kind,
  groups: readonly (readonly string[])[],
  policy: 'merge' | 'distinct',
): string {
  const shown = enumerate(groups.map((group) => group.map(quoted).join(' = ')));
  return policy === 'merge'
    ? `${plural} that differ only in spelling are taken for one (cohort.spellings): ${shown}`
    : `${plural} that differ only in spelling are kept apart (cohort.spellings): ${shown}`;
}

/** The spelling of most rows, of as many the first in order: the order of the rows has no influence. */
function mostUsed(group: readonly string[], lines: ReadonlyMap<string, readonly number[]>): string {
  const count = (name: string): number => lines.get(name)!.length;
  return [...group].sort((a, b) => count(b) - count(a) || compareText(a, b))[0]!;
}

/** Names that lost letters or digits before they came here, so that different ones may have become one. */
function mangled(kind: NamedCell['kind'], lines: ReadonlyMap<string, readonly number[]>): CohortProblem[] {
  const dates = [...lines.keys()].filter((name) => MADE_A_DATE.test(name));
  const rounded = roundedNumbers([...lines.keys()]);
  return [...lines].flatMap(([name, [line]]): CohortProblem[] => {
    const problem = (message: string): CohortProblem[] => [
      {
        line: line!,
        code: 'MangledIdentifier',
        message: `the ${kind} ${quoted(name)} ${message}`,
        remedy:
          'Take the column from its source again, as text: different names may have become one. ' +
          `When they are right as they are: \`cohort.spellings.${KINDS[kind].field}: distinct\`.`,
      },
    ];
    if (name.includes('\ufffd')) return problem('has lost letters (U+FFFD) when the table was saved');
    if (kind !== 'patient') return [];
    if (SHORTENED.test(name)) return problem('is a number that a spreadsheet has shortened');
    if (rounded.has(name)) return problem('is a long number of which a spreadsheet has kept 15 digits');
    if (dates.length < lines.size && MADE_A_DATE.test(name))
      return problem('looks like a date that a spreadsheet has made');
    return [];
  });
}

/** Numbers of more digits than a spreadsheet keeps, when every one of them ends in zeros from there on. */
function roundedNumbers(names: readonly string[]): ReadonlySet<string> {
  const long = names.filter((name) => /^[1-9]\d+$/.test(name) && name.length > KEPT_DIGITS);
  const zeros = long.reduce((sum, name) => sum + name.length - KEPT_DIGITS, 0);
  const all = long.every((name) => /^0+$/.test(name.slice(KEPT_DIGITS)));
  return new Set(all && zeros >= TELLING_ZEROS ? long : []);
}

/** Barcodes of public archives in the names of slides: two patients of one participant are one. */
function participants(
  records: readonly SlideRecord[],
  nameOf: (patient: string) => string,
): { problems: CohortProblem[]; notes: string[] } {
  const problems: CohortProblem[] = [];
  const firsts = new Map<string, SlideRecord>();
  const strangers: SlideRecord[] = [];
  for (const record of records) {
    const participant = participantOf(basename(record.slide));
    if (participant === undefined) continue;
    const own = participantOf(record.patient);
    if (own !== undefined && own !== participant) strangers.push(record);
    const first = firsts.get(participant) ?? record;
    firsts.set(participant, first);
    if (nameOf(first.patient) === nameOf(record.patient)) continue;
    problems.push({
      line: record.line,
      code: 'SimilarPatients',
      message:
        `the patients ${quoted(first.patient)} (line ${first.line}) and ${quoted(record.patient)} both have ` +
        `slides of the participant ${participant}`,
      remedy:
        'Give all slides of a participant one patient. When the names of the files mean something else: ' +
        '`cohort.spellings.patients: distinct`.',
    });
  }
  const [first] = strangers;
  if (first === undefined) return { problems, notes: [] };
  const rows = strangers.length === 1 ? '1 row gives' : `${strangers.length} rows give`;
  const note =
    `${rows} a patient the slide of another participant, by its name: ` +
    `${quoted(first.patient)} has ${quoted(first.slide)} (line ${first.line})`;
  return { problems, notes: [note] };
}

function slideNotes(records: readonly SlideRecord[]): string[] {
  const fold = (name: string): string =>
    name
      .normalize('NFKC')
      .replace(/[\s\p{Cf}]+/gu, '')
      .toLowerCase();
  const groups = [...Map.groupBy(records, ({ slide }) => fold(slide)).values()].filter(
    ({ length }) => length > 1,
  );
  if (groups.length === 0) return [];
  const shown = groups.map((group) =>
    group.map(({ slide, line }) => `${quoted(slide)} (line ${line})`).join(' = '),
  );
  return [`slides whose names differ only in spelling are taken for different slides: ${enumerate(shown)}`];
}
