/** The chart's values and their schema as lists of paths, so that the two can be held against each other. */
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { CHART } from './permissions.ts';

export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: boolean | ValueSchema;
  readonly items?: ValueSchema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
}

export function readValuesText(): string {
  return readFileSync(`${CHART}values.yaml`, 'utf8');
}

export function readValues(): unknown {
  return load(readValuesText());
}

export function readValuesSchema(): ValueSchema {
  return JSON.parse(readFileSync(`${CHART}values.schema.json`, 'utf8')) as ValueSchema;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Paths of the schema down to where it leaves the names of fields open. */
export function schemaPaths(schema: ValueSchema, path = ''): string[] {
  if (schema.properties === undefined) return [path];
  return Object.entries(schema.properties).flatMap(([name, inner]) => schemaPaths(inner, `${path}.${name}`));
}

/** The schema of a path of {@link valuePaths}, or undefined. */
export function schemaAt(schema: ValueSchema, path: string): ValueSchema | undefined {
  const names = path.split('.').slice(1);
  return names.reduce<ValueSchema | undefined>((inner, name) => inner?.properties?.[name], schema);
}

/** Paths of the values, as deep as the schema names fields. */
export function valuePaths(values: unknown, schema: ValueSchema | undefined, path = ''): string[] {
  if (!isObject(values) || (schema !== undefined && schema.properties === undefined)) return [path];
  return Object.entries(values).flatMap(([name, value]) =>
    valuePaths(value, schema?.properties?.[name], `${path}.${name}`),
  );
}

export function valueAt(values: unknown, path: string): unknown {
  const names = path.split('.').slice(1);
  return names.reduce((inner, name) => (isObject(inner) ? inner[name] : undefined), values);
}
