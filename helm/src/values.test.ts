import { GANG_NAMES } from '@wsi-operator/api';
import { expect, test } from '@jest/globals';
import {
  readValues,
  readValuesSchema,
  readValuesText,
  schemaAt,
  schemaPaths,
  valueAt,
  valuePaths,
} from './values.ts';
import type { ValueSchema } from './values.ts';

const values = readValues();
const schema = readValuesSchema();

/** `global` is Helm's own; the others are parts of Kubernetes objects that are absent unless given. */
const WITHOUT_VALUE = [
  /^\.global$/,
  /^\.resources\.claims$/,
  /Probe\.(initialDelaySeconds|successThreshold)$/,
];

test('every value is in the schema, and every field of the schema has a value', () => {
  const inValues = valuePaths(values, schema);
  const inSchema = schemaPaths(schema);
  expect(inValues.filter((path) => !inSchema.includes(path))).toEqual([]);
  const silent = inSchema.filter((path) => !inValues.includes(path));
  expect(silent.filter((path) => !WITHOUT_VALUE.some((pattern) => pattern.test(path)))).toEqual([]);
});

function openObjects(part: ValueSchema, path: string): string[] {
  const below = Object.entries(part.properties ?? {}).flatMap(([name, inner]) =>
    openObjects(inner, `${path}.${name}`),
  );
  const open = part.properties !== undefined && part.additionalProperties !== false;
  return [...(open ? [path] : []), ...below];
}

test('unknown names are refused at every level', () => {
  expect(openObjects(schema, '')).toEqual([]);
});

/** As draft-07 says it. */
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === 'number',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

test('the default of every value is what its schema allows', () => {
  for (const path of valuePaths(values, schema)) {
    const value = valueAt(values, path);
    const part = schemaAt(schema, path);
    const types = [part?.type ?? []].flat();
    expect([path, types.some((type) => TYPES[type]?.(value))]).toEqual([path, true]);
    if (part?.enum !== undefined) expect([path, part.enum]).toEqual([path, expect.arrayContaining([value])]);
    if (typeof value === 'string' && part?.pattern !== undefined) {
      expect([path, new RegExp(part.pattern, 'u').test(value)]).toEqual([path, true]);
    }
    if (typeof value === 'number') {
      expect([path, value >= (part?.minimum ?? value) && value <= (part?.maximum ?? value)]).toEqual([
        path,
        true,
      ]);
    }
  }
});

test('every value is explained: a comment above it, or above the group that it is in', () => {
  const lines = readValuesText().split('\n');
  // The names of Kubernetes' own fields need no words.
  const known =
    /^(nodeSelector|tolerations|podAnnotations|podLabels|resources|livenessProbe|readinessProbe):/;
  const groups = /^(image|crds|serviceAccount|rbac|podDisruptionBudget|metrics|health|trainer|apiBurst):/;
  const bare = lines.filter((line, index) => {
    if (!/^[a-zA-Z]+:/.test(line) || known.test(line) || groups.test(line)) return false;
    const above = lines[index - 1] ?? '';
    return !above.startsWith('#') && !/^extra|^imagePullSecrets/.test(line);
  });
  expect(bare).toEqual([]);
});

test('the gangs of the chart are those that a job may choose', () => {
  const { properties = {} } = schema;
  const enumOf = (part: ValueSchema | undefined): readonly unknown[] =>
    (part as { readonly enum?: readonly unknown[] } | undefined)?.enum ?? [];
  expect(enumOf(properties['jobs']?.properties?.['defaultGang'])).toEqual(['none', ...GANG_NAMES]);
  const allowed = properties['isolation']?.properties?.['gangs'] as { readonly items?: ValueSchema };
  expect(enumOf(allowed.items)).toEqual(['*', 'none', ...GANG_NAMES]);
  expect(Object.keys(properties['gangs']?.properties ?? {})).toEqual([...GANG_NAMES]);
});
