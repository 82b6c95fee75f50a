/** Follow-up times that are numbers, but perhaps not the ones that were meant. */
import type { CohortSpec } from './cohort.ts';
import { FILLING_NUMBER } from './missing.ts';
import { quoted } from './spelling/characters.ts';
import type { SlideRecord } from './table-fields.ts';

/** The longest times that are believed of a unit, and the longest of a cohort that are not too short for it. */
const UNITS = [
  { name: 'years', word: /year|annee|jahr/i, longest: 60, shortest: 0 },
  { name: 'months', word: /month|mois|monat/i, longest: 600, shortest: 1 },
  { name: 'days', word: /day|jour|tag(?:e|$)/i, longest: 22_000, shortest: 31 },
] as const;

/** Times that do not fit the unit in their column's name, or look like dates or codes. */
export function timeNotes(records: readonly SlideRecord[], { outcome }: CohortSpec): string[] {
  if (outcome.type !== 'survival' || records.length === 0) return [];
  const times = records.flatMap((record) =>
    record.outcome.type === 'survival' ? [record.outcome.time] : [],
  );
  const notes = [
    unitNote(outcome.time, times),
    dateNote(outcome.time, times),
    codeNote(outcome.time, times),
    thousandsNote(outcome.time, records),
    shortenedNote(outcome.time, records),
    equalNote(outcome.time, records),
  ];
  return notes.filter((note) => note !== undefined);
}

function unitNote(column: string, times: readonly number[]): string | undefined {
  const longest = times.reduce((most, time) => Math.max(most, time), 0);
  const unit = UNITS.find(({ word }) => word.test(column));
  if (unit === undefined || (longest <= unit.longest && longest >= unit.shortest)) return undefined;
  return `the longest time in '${column}' is ${longest}: are these ${unit.name}?`;
}

/** Days since 1900, as spreadsheets count, or a date written in one number (20210301). */
function dateNote(column: string, times: readonly number[]): string | undefined {
  const within = (from: number, to: number): boolean =>
    times.length > 1 && times.every((time) => Number.isInteger(time) && time > from && time < to);
  const dates = within(20_000, 60_000) || within(19_000_000, 21_000_000) || within(1949, 2101);
  if (!dates) return undefined;
  return `all times in '${column}' are like ${times[0]}: are these dates, not durations?`;
}

function codeNote(column: string, times: readonly number[]): string | undefined {
  const longest = times.reduce((most, time) => Math.max(most, time), 0);
  const others = times.filter((time) => time !== longest);
  const next = others.reduce((most, time) => Math.max(most, time), 0);
  if (!FILLING_NUMBER.test(String(longest)) || others.length === 0 || longest < 2 * next) return undefined;
  return (
    `the longest time in '${column}' is ${longest}, the next ${next}: when it stands for a missing value, put it ` +
    'under cohort.missing.words'
  );
}

/** `1.100` beside `300`: where a point parts thousands, only the times below 1000 have none. */
function thousandsNote(column: string, records: readonly SlideRecord[]): string | undefined {
  const texts = textsOf(records);
  const grouped = texts.filter((text) => /^[1-9]\d{0,2}\.\d{3}$/.test(text));
  const whole = texts.filter((text) => /^\d{1,3}$/.test(text));
  const [first] = grouped;
  if (first === undefined || whole.length === 0 || grouped.length + whole.length < texts.length)
    return undefined;
  const read = String(Number(first));
  const meant = first.replace('.', '');
  return (
    `${grouped.length} times in '${column}' have three decimals and the others none: ${quoted(first)} is read as ` +
    `${read}; when the point parts thousands, write ${meant}`
  );
}

/** `1.2E+03`, as a spreadsheet writes 1234 in a narrow column. */
function shortenedNote(column: string, records: readonly SlideRecord[]): string | undefined {
  const shortened = textsOf(records).filter((text) => /e\+/i.test(text));
  const [first] = shortened;
  if (first === undefined) return undefined;
  const count = shortened.length === 1 ? '1 time' : `${shortened.length} times`;
  const are = shortened.length === 1 ? 'is' : 'are';
  return `${count} in '${column}' ${are} like ${quoted(first)}, read as ${Number(first)}: did a spreadsheet leave out digits?`;
}

/** Nobody has the event before anybody else, so that nothing can be ranked. */
function equalNote(column: string, records: readonly SlideRecord[]): string | undefined {
  const patients = new Set(records.map(({ patient }) => patient));
  const times = new Set(textsOf(records).map(Number));
  if (times.size !== 1 || patients.size < 2) return undefined;
  return `every time in '${column}' is ${[...times].join()}: is it the patient's own? Without earlier and later events there is no C-index`;
}

function textsOf(records: readonly SlideRecord[]): string[] {
  return records.flatMap(({ outcome }) => (outcome.type === 'survival' ? [outcome.timeText] : []));
}
