/** Values of the operator's options, from what is written on its command line or in a variable. */
import { isolationFromJson, type IsolationSettings } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { InvalidArgumentError } from 'commander';
import type { EgressRule } from '../job/settings.ts';

export function port(text: string): number {
  return inRange(text, 0, 65_535);
}

export function positive(text: string): number {
  return inRange(text, 1, 1_000_000);
}

function inRange(text: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new InvalidArgumentError(`'${text}' is not a whole number from ${lowest} to ${highest}.`);
}

export function ports(text: string): readonly number[] {
  return names(text).map((one) => inRange(one, 1, 65_535));
}

export function isolation(text: string): IsolationSettings {
  try {
    return isolationFromJson(text);
  } catch (error) {
    throw new InvalidArgumentError(WsiError.from(error).message);
  }
}

/** What is in a rule, the API server checks. */
export function egressRules(text: string): readonly EgressRule[] {
  try {
    const rules: unknown = JSON.parse(text);
    if (Array.isArray(rules) && rules.every((rule) => typeof rule === 'object' && rule !== null)) {
      return rules as EgressRule[];
    }
  } catch {
    // Reported below.
  }
  throw new InvalidArgumentError(`'${text}' is not a list of egress rules in JSON.`);
}

export function truth(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError(`'${text}' is neither true nor false.`);
}

export function names(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function labels(text: string): Readonly<Record<string, string>> {
  const pairs = names(text).map((pair) => pair.split('=', 2));
  if (pairs.some((pair) => pair.length !== 2 || pair[0] === '')) {
    throw new InvalidArgumentError(`'${text}' is not of the form NAME=VALUE,NAME=VALUE.`);
  }
  return Object.fromEntries(pairs as [string, string][]);
}

export function choice<Value extends string>(values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((one) => one === text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`'${text}' is none of ${values.join(', ')}.`);
  };
}
