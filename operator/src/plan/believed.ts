/**
 * What is believed of a value that a stranger has sent: it has its type and is in bounds, or it counts as not known.
 * Nothing here throws.
 */
import { ROLES } from '@wsi-operator/api';
import { isRecord } from '@wsi-operator/foundation';

export const MOST_METRICS = 200;
/** As the trainer names them: `validation.auc`. */
export const METRIC = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;
export const ROLE = new RegExp(`^(${ROLES.join('|')})$`);
export const DIGEST = /^[0-9a-f]{64}$/;
/** Neither tiles nor bytes nor seconds of any run come to more. */
const LARGEST = 1e15;
const SMALLEST = 1e-6;

export function isNumber(said: unknown): said is number {
  return typeof said === 'number' && said >= 0 && said <= LARGEST;
}

/** What is no number, less than nothing or more than there can be is 0: not known. */
export function numberOf(said: unknown): number {
  return isNumber(said) && said >= SMALLEST ? said : 0;
}

export function countOf(said: unknown): number {
  return Math.floor(numberOf(said));
}

/** The numbers of a map under names of this kind; those that are none are left out. */
export function numbersOf(
  said: unknown,
  pattern: RegExp,
  most: number,
  change: (value: number) => number = numberOf,
): Record<string, number> {
  const entries = Object.entries(recordOf(said)).flatMap(([name, value]): [string, number][] =>
    pattern.test(name) && typeof value === 'number' && Number.isFinite(value) ? [[name, change(value)]] : [],
  );
  return Object.fromEntries(entries.slice(0, most));
}

export function textOf(said: unknown, longest: number): string {
  return typeof said === 'string' ? said.slice(0, longest) : '';
}

export function wordOf(said: unknown, pattern: RegExp, otherwise: string): string {
  return typeof said === 'string' && pattern.test(said) ? said : otherwise;
}

/** The newest of a list that is too long. */
export function listOf(said: unknown, most: number): Readonly<Record<string, unknown>>[] {
  return Array.isArray(said) ? said.slice(-most).filter(isRecord) : [];
}

export function recordOf(said: unknown): Readonly<Record<string, unknown>> {
  return isRecord(said) ? said : {};
}
