/** A schema as the structural OpenAPI v3 schema of a CustomResourceDefinition. */
import { QUANTITY_EXPRESSION } from '../quantities.ts';
import { inSchema, withDefaults } from './defaults.ts';
import type {
  FieldNode,
  Json,
  JsonObject,
  MapNode,
  Node,
  NumberNode,
  ObjectNode,
  Rule,
  TextNode,
} from './node.ts';

/** Kubernetes' own lists, which we hand on: long enough for any pod. */
const MOST_OPEN_ITEMS = 256;

export function openApi(node: Node): JsonObject {
  const { description } = node;
  switch (node.kind) {
    case 'text':
      return textSchema(node);
    case 'integer':
    case 'number':
      return numberSchema(node);
    case 'boolean':
      return { description, type: 'boolean' };
    case 'quantity':
      return {
        description: withUnit(description, node.unit),
        'x-kubernetes-int-or-string': true,
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        pattern: QUANTITY_EXPRESSION,
        minimum: 0,
        maxLength: 64,
      };
    case 'list':
      return {
        description,
        type: 'array',
        ...(node.minItems > 0 ? { minItems: node.minItems } : {}),
        maxItems: node.maxItems,
        ...(node.key === undefined
          ? {}
          : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [node.key] }),
        items: openApi(node.items),
        ...validations(node.rules),
      };
    case 'map':
      return {
        description,
        type: 'object',
        maxProperties: node.maxProperties,
        additionalProperties: openApi(node.values),
        ...keyValidations(node.keys),
      };
    case 'open':
      return openSchema(node.shape, description);
    case 'object':
      return objectSchema(node);
  }
}

/** OpenAPI of Kubernetes has no word for what keys may be; the API server's cost limit for rules has room for this one. */
function keyValidations(keys: MapNode['keys']): JsonObject {
  if (keys === undefined) return {};
  const rule = `self.all(key, key.matches('${keys.expression}'))`;
  const message = `key should match '${keys.expression}'`;
  // With the key: the path that the API server gives is that of the map.
  const wrong = `self.filter(key, !key.matches('${keys.expression}'))[0]`;
  const messageExpression = `"${message}: '" + ${wrong} + "'"`;
  return { 'x-kubernetes-validations': [{ rule, message, messageExpression }] };
}

function withUnit(description: string, unit: string | undefined): string {
  return unit === undefined ? description : `${description} Unit: ${unit}.`;
}

function textSchema(node: TextNode): JsonObject {
  if (node.values !== undefined) {
    const words = { ...node.values, ...node.planned };
    const meanings = Object.entries(words).map(
      ([word, means]) =>
        `${word}: ${means}${Object.hasOwn(node.planned ?? {}, word) ? ' (not implemented yet)' : ''}`,
    );
    const description = `${node.description} ${meanings.join('; ')}.`;
    return { description, type: 'string', enum: Object.keys(words) };
  }
  return {
    description: node.description,
    type: 'string',
    ...(node.format === undefined ? {} : { format: node.format }),
    ...(node.minLength > 0 ? { minLength: node.minLength } : {}),
    maxLength: node.maxLength,
    ...(node.pattern === undefined ? {} : { pattern: node.pattern.expression }),
  };
}

function numberSchema(node: NumberNode): JsonObject {
  return {
    description: withUnit(node.description, node.unit),
    type: node.kind,
    ...(node.kind === 'integer' ? { format: 'int64' } : {}),
    ...(node.minimum === undefined ? {} : { minimum: node.minimum }),
    ...(node.exclusiveMinimum === true ? { exclusiveMinimum: true } : {}),
    ...(node.maximum === undefined ? {} : { maximum: node.maximum }),
    ...(node.exclusiveMaximum === true ? { exclusiveMaximum: true } : {}),
  };
}

function openSchema(shape: 'object' | 'list', description: string): JsonObject {
  const item = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;
  return shape === 'object'
    ? { description, ...item }
    : { description, type: 'array', maxItems: MOST_OPEN_ITEMS, items: item };
}

function objectSchema(node: ObjectNode): JsonObject {
  const entries = Object.entries(node.fields);
  const needed = entries
    .filter(([, field]) => field.presence === 'required' && field.only === undefined)
    .map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, fieldSchema(field)]));
  return {
    description: node.description,
    type: 'object',
    ...(node.keepsUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(needed.length > 0 ? { required: needed } : {}),
    properties,
    ...validations(node.rules),
  };
}

function fieldSchema(field: FieldNode): JsonObject {
  const schema = openApi(field.node);
  if (inSchema(field)) {
    // Complete: the API server checks rules on a default as it stands, before the defaults inside it.
    return { ...schema, default: withDefaults(field.node, field.default, 'schema') as Json };
  }
  const note = absentMeaning(field);
  return note === undefined ? schema : { ...schema, description: `${descriptionOf(schema)} ${note}` };
}

function descriptionOf(schema: JsonObject): string {
  const { description } = schema;
  return typeof description === 'string' ? description : '';
}

/** What the absence of a field means where the CRD cannot say it by a default. */
function absentMeaning(field: FieldNode): string | undefined {
  if (field.derive !== undefined) return `Default: ${field.derive.text}.`;
  if (field.default !== undefined) return `Default: ${JSON.stringify(field.default)}.`;
  return field.presence === 'planned' ? 'Not implemented yet.' : undefined;
}

function validations(rules: readonly Rule[]): JsonObject {
  if (rules.length === 0) return {};
  return {
    'x-kubernetes-validations': rules.map(({ cel, message, field }) => ({
      rule: cel,
      message,
      ...(field === '' ? {} : { fieldPath: `.${field}` }),
    })),
  };
}
