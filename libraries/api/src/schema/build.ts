/** The words in which the job is defined: see `definition/` for their use. */
import type { FieldNode, Json, JsonObject, MapNode, Node, ObjectNode, Rule } from './node.ts';
import type {
  Field,
  Fields,
  Flat,
  Forms,
  FormsJob,
  FormsManifest,
  JobFields,
  ManifestFields,
  Schema,
  TaggedJob,
  TaggedManifest,
  Variants,
} from './types.ts';
import { excludedFieldRules, exclusiveFormRules, plannedRules, requiredFieldRules } from './implied-rules.ts';

interface TextOptions {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: { readonly expression: string; readonly means: string };
  readonly format?: 'date-time';
}

/** Bounds exist for every text: the API server estimates a rule's cost from them. */
const LONGEST_TEXT = 1024;

export function text(description: string, options: TextOptions = {}): Schema<string> {
  return { node: { kind: 'text', description, minLength: 1, maxLength: LONGEST_TEXT, ...options } };
}

/** One of a few words, each with its meaning. `planned` words are refused by a rule until they are implemented. */
export function choice<const V extends Readonly<Record<string, string>>>(
  description: string,
  values: V,
  planned?: Readonly<Record<string, string>>,
): Schema<keyof V & string> {
  const node = { kind: 'text', description, minLength: 1, maxLength: 64, values } as const;
  return { node: planned === undefined ? node : { ...node, planned } };
}

interface NumberOptions {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly unit?: string;
}

export function integer(description: string, options: NumberOptions = {}): Schema<number> {
  return { node: { kind: 'integer', description, ...options } };
}

export function real(description: string, options: NumberOptions = {}): Schema<number> {
  return { node: { kind: 'number', description, ...options } };
}

export function flag(description: string): Schema<boolean> {
  return { node: { kind: 'boolean', description } };
}

export function quantity(description: string, unit?: string): Schema<string | number> {
  const node = { kind: 'quantity', description } as const;
  return { node: unit === undefined ? node : { ...node, unit } };
}

interface ListOptions {
  readonly maxItems: number;
  readonly minItems?: number;
  readonly key?: string;
  readonly rules?: readonly Rule[];
}

export function list<M, J>(
  description: string,
  items: Schema<M, J>,
  options: ListOptions,
): Schema<readonly M[], readonly J[]> {
  return {
    node: { kind: 'list', description, minItems: 0, rules: [], ...options, items: items.node },
  };
}

export function map<M, J>(
  description: string,
  values: Schema<M, J>,
  maxProperties: number,
  keys?: MapNode['keys'],
): Schema<Readonly<Record<string, M>>, Readonly<Record<string, J>>> {
  const base = { kind: 'map', description, values: values.node, maxProperties } as const;
  return { node: keys === undefined ? base : { ...base, keys } };
}

export function openObject(description: string): Schema<JsonObject> {
  return { node: { kind: 'open', shape: 'object', description } };
}

export function openList(description: string): Schema<readonly JsonObject[]> {
  return { node: { kind: 'open', shape: 'list', description } };
}

export function required<M, J>(schema: Schema<M, J>): Field<'given', M, J> {
  return { field: { node: schema.node, presence: 'required' } };
}

export function optional<M, J>(schema: Schema<M, J>): Field<'maybe', M, J> {
  return { field: { node: schema.node, presence: 'optional' } };
}

export function defaulted<M, J>(schema: Schema<M, J>, value: M): Field<'filled', M, J> {
  return { field: { node: schema.node, presence: 'default', default: value as Json } };
}

/** A default computed from fields before it; the CRD cannot hold it, `applyDefaults` fills it. */
export function derived<M, J>(
  schema: Schema<M, J>,
  text: string,
  from: NonNullable<FieldNode['derive']>['from'],
): Field<'filled', M, J> {
  return { field: { node: schema.node, presence: 'derived', derive: { text, from } } };
}

/** Part of the design, refused with "is not implemented yet" when used. */
export function planned<M, J>(schema: Schema<M, J>): Field<'maybe', M, J> {
  return { field: { node: schema.node, presence: 'planned' } };
}

interface ObjectOptions {
  readonly rules?: readonly Rule[];
  readonly keepsUnknown?: boolean;
}

function fieldNodes(fields: Fields): Record<string, FieldNode> {
  return Object.fromEntries(Object.entries(fields).map(([name, { field }]) => [name, field]));
}

export function object<F extends Fields>(
  description: string,
  fields: F,
  options: ObjectOptions = {},
): Schema<Flat<ManifestFields<F>>, Flat<JobFields<F>>> {
  const nodes = fieldNodes(fields);
  return { node: { kind: 'object', description, fields: nodes, ...withImplied(nodes, options) } };
}

function withImplied(
  nodes: Readonly<Record<string, FieldNode>>,
  options: ObjectOptions,
): ObjectOptions & Pick<ObjectNode, 'rules'> {
  return { ...options, rules: [...plannedRules(nodes), ...(options.rules ?? [])] };
}

interface TaggedOptions<T extends string, C extends Fields, V extends Variants, D extends string> {
  readonly tag: T;
  readonly tagDescription: string;
  /** The variant meant when the tag is absent; without it the tag is required. */
  readonly default?: D;
  readonly common: C;
  readonly variants: V;
  readonly rules?: readonly Rule[];
}

/** An object whose tag field chooses which further fields it has. */
export function tagged<
  const T extends string,
  C extends Fields,
  V extends Variants,
  const D extends keyof V & string = never,
>(
  description: string,
  options: TaggedOptions<T, C, V, D>,
): Schema<TaggedManifest<T, C, V, D>, TaggedJob<T, C, V>> {
  const means = Object.entries(options.variants).map(([name, variant]) => [name, variant.means]);
  const tagSchema = choice(options.tagDescription, Object.fromEntries(means) as Record<string, string>);
  const tag = options.default === undefined ? required(tagSchema) : defaulted(tagSchema, options.default);
  const nodes: Record<string, FieldNode> = { [options.tag]: tag.field, ...fieldNodes(options.common) };
  for (const [name, variant] of Object.entries(options.variants)) {
    for (const [key, { field }] of Object.entries(variant.fields)) {
      nodes[key] = sharedField(nodes[key], field, name);
    }
  }
  const node: Node = {
    kind: 'object',
    description,
    fields: nodes,
    union: { by: 'tag', tag: options.tag },
    rules: [
      ...excludedFieldRules(options.tag, nodes),
      ...requiredFieldRules(options.tag, nodes),
      ...withImplied(nodes, options).rules,
    ],
  };
  return { node };
}

/** A field may belong to several variants; then its default and limits must be the same in each. */
function sharedField(known: FieldNode | undefined, field: FieldNode, variant: string): FieldNode {
  if (known === undefined) return { ...field, only: [variant] };
  if (known.only === undefined || known.node !== field.node) {
    throw new TypeError(`variant ${variant} defines a field differently from another variant`);
  }
  return { ...known, only: [...known.only, variant] };
}

interface FormsOptions<C extends Fields, V extends Forms> {
  readonly common: C;
  /** In order; the last one is meant when no field of any form is present. */
  readonly forms: V;
  readonly rules?: readonly Rule[];
}

/** An object that is written in one of several forms, distinguished by the fields that are present. */
export function forms<C extends Fields, V extends Forms>(
  description: string,
  options: FormsOptions<C, V>,
): Schema<FormsManifest<C, V>, FormsJob<C, V>> {
  const nodes = fieldNodes(options.common);
  const keys: Record<string, string[]> = {};
  for (const [name, fields] of Object.entries(options.forms)) {
    keys[name] = Object.keys(fields);
    for (const [key, { field }] of Object.entries(fields)) nodes[key] = sharedField(nodes[key], field, name);
  }
  const node: Node = {
    kind: 'object',
    description,
    fields: nodes,
    union: { by: 'presence', forms: keys },
    rules: [...exclusiveFormRules(keys, nodes), ...withImplied(nodes, options).rules],
  };
  return { node };
}
