/**
 * How a patch changes an object: JSON merge patch (RFC 7396) and server-side apply.
 *
 * Server-side apply is done after its meaning, not with managedFields: per manager the fields applied last are kept.
 * A field that its manager leaves out goes unless another manager applies it; a field of another manager with another
 * value is a conflict unless forced. Fields written by PUT or merge patch have no owner here. Lists with keys are
 * merged by key where a built-in type's schema says so (containers, volumes, env, conditions, ...); for custom
 * resources only `metadata` and `conditions`, since their schemas are unknown; all other lists are atomic.
 */
import { isDeepStrictEqual } from 'node:util';

type Json = unknown;
type JsonObject = Record<string, Json>;

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** Which fields tell the items of a list apart, by the list's name; `[]`: a set of plain values. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  conditions: ['type'],
  ownerReferences: ['uid'],
  finalizers: [],
};
const builtInListKeys: Readonly<Record<string, readonly string[]>> = {
  ...listKeys,
  containers: ['name'],
  initContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
};

function keysOf(name: string, list: readonly Json[], custom: boolean): readonly string[] | undefined {
  if (name === 'ports' && !custom) {
    const port = list.some((item) => isObject(item) && 'containerPort' in item) ? 'containerPort' : 'port';
    return [port, 'protocol'];
  }
  return (custom ? listKeys : builtInListKeys)[name];
}

function itemKey(item: Json, keys: readonly string[]): string {
  if (!isObject(item)) return JSON.stringify(item);
  return JSON.stringify(keys.map((key) => item[key] ?? (key === 'protocol' ? 'TCP' : null)));
}

/** The fields that a configuration sets: path -> value. An item of a keyed list is a field of its own. */
export type Fields = Map<string, Json>;

export function fieldsOf(configuration: Json, custom: boolean): Fields {
  const fields: Fields = new Map();
  const visit = (value: Json, path: readonly string[]): void => {
    const keys = Array.isArray(value) ? keysOf(path.at(-1) ?? '', value, custom) : undefined;
    if (isObject(value) && Object.keys(value).length > 0) {
      for (const [name, inner] of Object.entries(value)) visit(inner, [...path, name]);
    } else if (keys !== undefined) {
      for (const item of value as Json[]) {
        const place = [...path, `[${itemKey(item, keys)}]`];
        fields.set(JSON.stringify([...place, '.']), true);
        if (isObject(item)) visit(item, place);
      }
    } else {
      fields.set(JSON.stringify(path), value);
    }
  };
  visit(configuration, []);
  return fields;
}

export function mergeApplied(live: Json, applied: Json, name: string, custom: boolean): Json {
  if (isObject(applied)) {
    const result: JsonObject = isObject(live) ? { ...live } : {};
    for (const [field, value] of Object.entries(applied)) {
      result[field] = mergeApplied(result[field], value, field, custom);
    }
    return result;
  }
  const keys = Array.isArray(applied) ? keysOf(name, applied, custom) : undefined;
  if (keys === undefined || !Array.isArray(live)) return applied;
  const result = [...(live as Json[])];
  for (const item of applied as Json[]) {
    const key = itemKey(item, keys);
    const at = result.findIndex((other) => itemKey(other, keys) === key);
    if (at === -1) result.push(item);
    else result[at] = mergeApplied(result[at], item, '', custom);
  }
  return result;
}

/** Without the field at this path; maps that become empty by it go too. */
export function without(object: Json, path: readonly string[], custom: boolean): Json {
  const [name, ...rest] = path;
  if (name === undefined) return undefined;
  if (Array.isArray(object)) return object;
  if (!isObject(object) || !(name in object)) return object;
  const value = object[name];
  const item = rest[0]?.startsWith('[') === true ? rest[0].slice(1, -1) : undefined;
  let left: Json;
  if (item !== undefined && Array.isArray(value)) {
    const keys = keysOf(name, value, custom) ?? [];
    const inner = rest.slice(1);
    const whole = inner[0] === '.';
    left = value
      .map((each: Json) => (!whole && itemKey(each, keys) === item ? without(each, inner, custom) : each))
      .filter((each) => !(whole && itemKey(each, keys) === item));
    if ((left as Json[]).length === 0) left = undefined;
  } else {
    left = rest.length === 0 ? undefined : without(value, rest, custom);
    if (isObject(left) && Object.keys(left).length === 0) left = undefined;
  }
  const result = { ...object };
  if (left === undefined) Reflect.deleteProperty(result, name);
  else result[name] = left;
  return result;
}

/** Fields in both with different values. */
export function conflictsOf(mine: Fields, others: Fields): string[] {
  return [...mine.keys()].filter(
    (path) => others.has(path) && !isDeepStrictEqual(mine.get(path), others.get(path)),
  );
}
