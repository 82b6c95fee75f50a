/** Values out of JSON that somebody else wrote: what does not have the expected shape is undefined. */

export type JsonRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonRecord)
    : undefined;
}

export function asList(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Finite numbers only. */
export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Undefined unless every member is a finite number. */
export function asNumbers(value: unknown): readonly number[] | undefined {
  const list = asList(value);
  return list?.every((member) => asNumber(member) !== undefined) === true ? (list as number[]) : undefined;
}

/** The members that are finite numbers. */
export function numbersIn(value: unknown): Readonly<Record<string, number>> {
  const entries = Object.entries(asRecord(value) ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, number] => asNumber(entry[1]) !== undefined),
  );
}

/** The member at a path of names. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => asRecord(at)?.[name], value);
}
