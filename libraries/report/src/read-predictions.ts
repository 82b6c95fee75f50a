/** Predictions out of `predictions.json`: what has no outcome is passed over, what has no number is kept as none. */
import type { CaseOutcome } from '@wsi-operator/statistics';
import { asList, asNumber, asRecord, asText, member } from './json-shape.ts';
import type { NamedOutcome, Prediction } from './run.ts';

export function readPredictions(values: readonly unknown[]): Prediction[] {
  const names = namedClasses(values);
  return values.flatMap((value): Prediction[] => {
    const record = asRecord(value) ?? {};
    const outcome = outcomeOf(record['outcome']);
    if (outcome === undefined || !('score' in record)) return [];
    const bag = asText(record['bag']) ?? '';
    return [
      {
        bag,
        outcome,
        // JSON has no NaN: what is not a number was none.
        score: asNumber(record['score']) ?? NaN,
        patient: asText(record['patient']) ?? bag,
        slides: (asList(record['slides']) ?? []).flatMap((slide) => asText(slide) ?? []),
        split: asText(record['split']) ?? 'all',
        treatment: asText(record['treatment']),
        ...probabilitiesOf(record['probabilities'], names),
      },
    ];
  });
}

/** One for each type: which of them a value is of, its fields say. */
const READERS: Readonly<Record<CaseOutcome['type'], (value: unknown) => NamedOutcome | undefined>> = {
  classification: (value) => {
    const index = asNumber(member(value, 'classIndex'));
    if (index === undefined || !Number.isInteger(index) || index < 0) return undefined;
    return { type: 'classification', index, name: asText(member(value, 'class')) ?? `class ${index}` };
  },
  survival: (value) => {
    const time = asNumber(member(value, 'time'));
    const event = member(value, 'event');
    if (time === undefined || (typeof event !== 'boolean' && typeof event !== 'number')) return undefined;
    return { type: 'survival', time, event: Boolean(event) };
  },
};

export function outcomeOf(value: unknown): NamedOutcome | undefined {
  for (const read of Object.values(READERS)) {
    const outcome = read(value);
    if (outcome !== undefined) return outcome;
  }
  return undefined;
}

/** The class of a case, by its index and name; undefined for outcomes without classes. */
export function classOf(
  outcome: NamedOutcome,
): { readonly index: number; readonly name: string } | undefined {
  switch (outcome.type) {
    case 'classification':
      return outcome;
    case 'survival':
      return undefined;
  }
}

/**
 * The classes that probabilities are named by, in the order of their indices: those of the outcomes have their place;
 * the rest, of which there is no case, follow in the order of their code units, as the cohort sorts them.
 */
function namedClasses(values: readonly unknown[]): string[] {
  const all = new Set<string>();
  const placed = new Map<number, string>();
  for (const value of values) {
    for (const name of Object.keys(asRecord(member(value, 'probabilities')) ?? {})) all.add(name);
    const outcome = outcomeOf(member(value, 'outcome'));
    const of = outcome && classOf(outcome);
    if (of !== undefined) placed.set(of.index, of.name);
  }
  const known = new Set(placed.values());
  const rest = [...all].filter((name) => !known.has(name)).sort((a, b) => (a < b ? -1 : 1));
  return Array.from(
    { length: all.size },
    (_, index) => placed.get(index) ?? rest.shift() ?? `class ${index}`,
  );
}

/** By name, or (as older runs wrote them) a list by index. */
function probabilitiesOf(
  value: unknown,
  names: readonly string[],
): Pick<Prediction, 'probabilities' | 'classes'> {
  const list = asList(value);
  if (list !== undefined) return { probabilities: list.map((member) => asNumber(member) ?? NaN) };
  const record = asRecord(value);
  if (record === undefined || names.length === 0) return { probabilities: undefined };
  return {
    classes: names,
    probabilities: names.map((name) => (Object.hasOwn(record, name) ? (asNumber(record[name]) ?? NaN) : NaN)),
  };
}
