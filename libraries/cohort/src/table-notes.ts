/** What is not wrong with a table, but worth checking: what was left out, and what the classes and patients may be. */
import type { Cohort, CohortSpec } from './cohort.ts';
import { FILLING_NUMBER } from './missing.ts';
import { enumerate } from './problems.ts';
import { quoted } from './spelling/characters.ts';
import type { MissingCell, RecordReader, SlideRecord } from './table-fields.ts';

/** Rows that were left out, and patients who are in no arm. */
export function readerNotes(reader: RecordReader, records: readonly SlideRecord[]): string[] {
  const notes: string[] = [];
  for (const [column, cells] of Map.groupBy(reader.leftOut, (cell) => cell.column)) {
    const rows = cells.length === 1 ? '1 row is' : `${cells.length} rows are`;
    notes.push(`${rows} left out for want of '${column}' (${wordsOf(cells)}): ${linesOf(cells)}`);
  }
  for (const [column, cells] of Map.groupBy(reader.withoutTreatment, (cell) => cell.column)) {
    const lines = new Set(cells.map(({ line }) => line));
    const patients = new Set(records.filter(({ line }) => lines.has(line)).map(({ patient }) => patient))
      .size;
    const who = patients === 1 ? '1 patient has' : `${patients} patients have`;
    notes.push(`${who} no '${column}' (${wordsOf(cells)}): in the run, but in no arm: ${linesOf(cells)}`);
  }
  if (reader.copies.size > 0) {
    const copies = [...reader.copies].map(([line, message]) => `line ${line}: ${message}`);
    notes.push(`slides that are there twice: ${enumerate(copies)}`);
  }
  const untreated = reader.names.filter(
    ({ kind, name }) => kind === 'treatment' && name.toLowerCase() === 'none',
  );
  const [first] = untreated;
  if (first !== undefined) {
    notes.push(
      `the treatment ${quoted(first.name)} is the arm of patients without one; when it means that the treatment is ` +
        'not known, put it under cohort.missing.words',
    );
  }
  return notes;
}

function wordsOf(cells: readonly MissingCell[]): string {
  const words = [...new Set(cells.map(({ text }) => (text === '' ? 'empty' : quoted(text))))];
  return enumerate(words);
}

function linesOf(cells: readonly MissingCell[]): string {
  const lines = [...new Set(cells.map(({ line }) => line))];
  return `${lines.length === 1 ? 'line' : 'lines'} ${enumerate(lines)}`;
}

/** Numbers as classes: codes of missing values among them, and measurements, of which each value would be a class. */
export function classNotes(records: readonly SlideRecord[], { outcome }: CohortSpec): string[] {
  if (outcome.type !== 'classification') return [];
  const classes = [
    ...new Set(records.flatMap((record) => ('class' in record.outcome ? record.outcome.class : []))),
  ];
  const numbers = classes.filter((name) => /^[-+]?\d+(?:[.,]\d+)?$/.test(name));
  const fractions = numbers.filter((name) => /[.,]\d*[1-9]/.test(name));
  if (numbers.length < 3 || numbers.length < classes.length) return [];
  if (fractions.length > 1) {
    return [
      `the classes in '${outcome.column}' are ${numbers.length} numbers, such as ${fractions[0]}: each is a class of ` +
        'its own, without an order',
    ];
  }
  return numbers
    .filter((name) => FILLING_NUMBER.test(name))
    .map(
      (name) =>
        `'${name}' is a class in '${outcome.column}': when it stands for a missing value, put it under ` +
        'cohort.missing.words',
    );
}

/** `H20-100-A` and `H20-100-B`: blocks of one patient, perhaps, who would be on both sides of the split. */
export function blockNotes(records: readonly SlideRecord[]): string[] {
  const patients = new Set(records.map(({ patient }) => patient));
  const stems = Map.groupBy(patients, (patient) => /^(.*\d.*)[-_. /][A-Z]$/i.exec(patient)?.[1] ?? '');
  const blocks = [...stems].filter(([stem, names]) => stem !== '' && names.length > 1);
  const [first] = blocks;
  if (first === undefined) return [];
  const pairs = blocks.length === 1 ? 'some patients differ' : `${blocks.length} groups of patients differ`;
  return [
    `${pairs} only in a last letter, such as ${first[1].slice(0, 2).map(quoted).join(' and ')}: when these are blocks ` +
      'of one patient, name the patient without it',
  ];
}

/** A number that stands for nobody known, and would make one patient of all of them. */
export function sentinelNotes(records: readonly SlideRecord[]): string[] {
  const rows = Map.groupBy(records, ({ patient }) => patient);
  return [...rows].flatMap(([patient, { length }]) => {
    const filled = FILLING_NUMBER.test(patient) || /^-\d+$|^0+$/.test(patient);
    if (length < 2 || !filled) return [];
    return [
      `the patient ${quoted(patient)} has ${length} slides: when the number stands for an unknown patient, put it under ` +
        'cohort.missing.words',
    ];
  });
}

/** Events without an exception, and what the test set cannot show. */
export function outcomeNotes(cohort: Cohort): string[] {
  const everyEvent = cohort.outcomeType === 'survival' && cohort.cases.every(hasEvent);
  return [
    ...(everyEvent
      ? ['every patient has an event and none is censored: is that what the event column says?']
      : []),
    ...testNotes(cohort),
  ];
}

function testNotes({ cases, classes, outcomeType }: Cohort): string[] {
  const tested = cases.filter(({ split }) => split === 'test');
  if (tested.length === 0) return ['no patient is in test: how good the model is will not be known'];
  switch (outcomeType) {
    case 'classification':
      return untestedClasses(tested, classes);
    case 'survival':
      if (tested.some(hasEvent)) return [];
      return ['no patient in test has an event: how good the model is will not be known'];
  }
}

function untestedClasses(tested: Cohort['cases'], classes: readonly string[]): string[] {
  const found = new Set(tested.map(({ outcome }) => ('class' in outcome ? outcome.class : '')));
  const absent = classes.filter((name) => !found.has(name)).map(quoted);
  if (absent.length === 0) return [];
  return [
    `no patient in test has the class ${enumerate(absent)}: how well it is recognised will not be known`,
  ];
}

function hasEvent({ outcome }: Cohort['cases'][number]): boolean {
  return outcome.type === 'survival' && outcome.event === 1;
}
