import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { customResourceDefinition } from './crd.ts';
import { generatedFiles } from './generated.ts';
import { compileRule } from './schema/cel.ts';
import { acceptances, refusedManifest } from './testing/index.ts';
import { validate } from './validate.ts';

interface OpenApi {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly additionalProperties?: OpenApi | boolean;
  readonly items?: OpenApi;
  readonly required?: readonly string[];
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { rule: string; message: string; fieldPath?: string }[];
}

interface Definition {
  readonly spec: {
    readonly versions: readonly [
      {
        readonly schema: { readonly openAPIV3Schema: OpenApi };
        readonly subresources: { readonly scale: Readonly<Record<string, string>> };
        readonly additionalPrinterColumns: readonly { readonly name: string; readonly jsonPath: string }[];
      },
    ];
  };
}

const committed = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');

const text = committed('crds/wsi.dev_wsitrainingjobs.yaml');
const definition = load(text) as Definition;
const version = definition.spec.versions[0];
const root = version.schema.openAPIV3Schema;

/** Every schema of the CRD with its path. */
function schemas(schema: OpenApi, path: string): [string, OpenApi][] {
  const below = [
    ...Object.entries(schema.properties ?? {}).map(([name, inner]) => [`${path}.${name}`, inner] as const),
    ...(schema.items === undefined ? [] : [[`${path}[]`, schema.items] as const]),
    ...(typeof schema.additionalProperties === 'object'
      ? [[`${path}.*`, schema.additionalProperties] as const]
      : []),
  ];
  return [[path, schema], ...below.flatMap(([place, inner]) => schemas(inner, place))];
}
const all = schemas(root, '');

function at(path: string): OpenApi | undefined {
  return all.find(([place]) => place === path)?.[1];
}

test.each(generatedFiles())('the file $path matches the definition', ({ path, text: wanted }) => {
  // When this fails: node libraries/api/src/generate.ts
  expect(committed(path)).toBe(wanted);
});

test('the committed YAML matches the definition', () => {
  expect(definition).toEqual(JSON.parse(JSON.stringify(customResourceDefinition())));
});

describe('in the structural schema', () => {
  test('every node has a type, or is an integer or a string', () => {
    const untyped = all.filter(
      ([, schema]) => (schema.type === undefined) === (schema['x-kubernetes-int-or-string'] !== true),
    );
    expect(untyped.map(([path]) => path)).toEqual([]);
  });

  test('every node has a description', () => {
    const silent = all.filter(([, schema]) => (schema.description ?? '') === '');
    expect(silent.map(([path]) => path).filter((path) => !/^(|\.metadata|.*\[\])$/.test(path))).toEqual([]);
  });

  test('every object has fields, is a map or is open, and every array has items and a limit', () => {
    for (const [path, schema] of all) {
      if (path === '.metadata') continue;
      if (schema.type === 'object') {
        const ways = [schema.properties, schema.additionalProperties].filter((way) => way !== undefined);
        const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
        expect([path, ways.length === 1 || (open && ways.length === 0)]).toEqual([path, true]);
      }
      if (schema.type === 'array')
        expect([path, schema.items?.type, schema.maxItems]).not.toContain(undefined);
    }
  });

  test('required fields and keys of lists exist', () => {
    for (const [path, schema] of all) {
      for (const name of schema.required ?? [])
        expect([path, name, at(`${path}.${name}`)]).not.toContain(undefined);
      for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
        expect(at(`${path}[]`)?.required).toContain(key);
      }
    }
  });

  test('every string is bounded, so that rules have a bounded cost', () => {
    const unbounded = all.filter(
      ([path, schema]) =>
        schema.type === 'string' &&
        schema.maxLength === undefined &&
        schema.enum === undefined &&
        !['.apiVersion', '.kind'].includes(path),
    );
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });
});

test('keys are checked by the API server as well, which names the wrong one', () => {
  const labels = at('.spec.workers.template.metadata.labels')?.['x-kubernetes-validations'];
  expect(labels).toMatchObject([
    {
      rule: expect.stringMatching(/^self\.all\(key, key\.matches\('/),
      messageExpression: expect.stringContaining('self.filter(key, !key.matches('),
    },
  ]);
});

test('every rule is CEL, has a message of one line, and names a field that exists', () => {
  for (const [path, schema] of all) {
    for (const { rule, message, fieldPath } of schema['x-kubernetes-validations'] ?? []) {
      expect(() => compileRule(rule)).not.toThrow();
      expect(message).toMatch(/^[^\n]+$/);
      if (fieldPath !== undefined)
        expect([path, fieldPath, at(`${path}${fieldPath}`)]).not.toContain(undefined);
    }
  }
});

test('the scale subresource and the printed columns name fields that exist', () => {
  const paths = [
    ...Object.values(version.subresources.scale),
    ...version.additionalPrinterColumns.map(({ jsonPath }) => jsonPath),
  ].filter((path) => path !== '.metadata.creationTimestamp');
  expect(paths.filter((path) => at(path) === undefined)).toEqual([]);
});

/** The API server's defaulting, reimplemented on the committed YAML. */
function crdDefaults(schema: OpenApi, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) if (given !== null) filled[name] = given;
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (filled[name] === undefined && inner.default !== undefined)
      filled[name] = structuredClone(inner.default);
    if (filled[name] !== undefined) filled[name] = crdDefaults(inner, filled[name]);
  }
  return filled;
}

/** Paths that `full` has and `part` has not. */
function added(full: unknown, part: unknown, path: string): string[] {
  if (typeof full !== 'object' || full === null || Array.isArray(full)) return [];
  return Object.entries(full).flatMap(([name, value]) => {
    const inner = (part as Readonly<Record<string, unknown>>)[name];
    return inner === undefined ? [`${path}.${name}`] : added(value, inner, `${path}.${name}`);
  });
}

describe("the CRD's defaults", () => {
  /** Those that depend on other fields: the CRD says them in the description. */
  const conditional =
    /^spec\.(patches\.(stride|level)|patches\.tissue\.(\w+Micrometres|faintestDensity|pens)|cohort\.split\.(test|validation)|storage\.output\.(accessModes|retain)|model\.head\.ties|training\.optimizer\.(learningRate|momentum|beta1|beta2|epsilon)|training\.schedule\.(finalFraction|factor))$/;

  test.each(acceptances.map((row) => [row.name, row] as const))(
    'agree with applyDefaults for %s',
    (_, row) => {
      const manifest = refusedManifest({ ...row, path: '', says: '' });
      const spec = crdDefaults(at('.spec')!, manifest['spec']);
      const { job } = validate(manifest);
      expect(job?.spec).toMatchObject(spec as object);
      expect(added(job?.spec, spec, 'spec').filter((path) => !conditional.test(path))).toEqual([]);
    },
  );

  test('have defaults for all of their own fields', () => {
    for (const [, schema] of all) {
      if (schema.default !== undefined) expect(crdDefaults(schema, schema.default)).toEqual(schema.default);
    }
  });
});
