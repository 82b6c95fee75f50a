/**
 * Defaults, in two stages. `schema`: those that the CRD holds, so that rules see here what they see in the API
 * server. `all`: also those of variants and forms, and the derived ones. Pure; works on any value, valid or not.
 */
import type { FieldNode, JsonObject, Node, ObjectNode } from './node.ts';
import { isJsonObject } from './node.ts';

export type Stage = 'schema' | 'all';

/** @param enclosing the objects that the value lies in, outermost first, with their fields up to the one on the way to it */
export function withDefaults(
  node: Node,
  value: unknown,
  stage: Stage,
  enclosing: readonly JsonObject[] = [],
): unknown {
  switch (node.kind) {
    case 'object':
      return isJsonObject(value) ? objectWithDefaults(node, value, stage, enclosing) : value;
    case 'list':
      return Array.isArray(value)
        ? value.map((item) => withDefaults(node.items, item, stage, enclosing))
        : value;
    case 'map':
      return isJsonObject(value)
        ? Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null))
        : value;
    default:
      return value;
  }
}

/** Whether the CRD itself fills this field in. */
export function inSchema(field: FieldNode): boolean {
  return field.default !== undefined && field.only === undefined;
}

function objectWithDefaults(
  node: ObjectNode,
  value: JsonObject,
  stage: Stage,
  enclosing: readonly JsonObject[],
): JsonObject {
  const built = new Map<string, unknown>();
  for (const [name, field] of Object.entries(node.fields)) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    const soFar = (): JsonObject => Object.fromEntries(built) as JsonObject;
    const inside = (inner: unknown): unknown =>
      withDefaults(field.node, inner, stage, [...enclosing, soFar()]);
    // The API server, too, takes null for absent.
    if (given !== undefined && given !== null) {
      built.set(name, inside(given));
    } else if (inSchema(field) || (stage === 'all' && isActive(node, field, value, built))) {
      const filled = field.derive?.from(soFar(), enclosing) ?? field.default;
      if (filled !== undefined) built.set(name, inside(filled));
    }
  }
  for (const [name, rest] of Object.entries(value)) {
    if (!Object.hasOwn(node.fields, name) && (rest as unknown) !== undefined) built.set(name, rest);
  }
  return Object.fromEntries(built) as JsonObject;
}

function isActive(
  node: ObjectNode,
  field: FieldNode,
  value: JsonObject,
  built: ReadonlyMap<string, unknown>,
): boolean {
  if (field.only === undefined || node.union === undefined) return true;
  const chosen = node.union.by === 'tag' ? built.get(node.union.tag) : presentForm(node.union.forms, value);
  return typeof chosen === 'string' && field.only.includes(chosen);
}

function presentForm(
  forms: Readonly<Record<string, readonly string[]>>,
  value: JsonObject,
): string | undefined {
  const names = Object.keys(forms);
  const present = (name: string): boolean =>
    Object.hasOwn(value, name) && value[name] !== undefined && value[name] !== null;
  return names.find((form) => forms[form]?.some(present)) ?? names.at(-1);
}
