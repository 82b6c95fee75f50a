/**
 * Types, ranges, words and unknown fields: everything that concerns one field alone. Collects all faults and never
 * throws. The texts are those of the API server, so that `wsi validate` and `kubectl apply` say the same.
 */
import type { ListNode, MapNode, Node, NumberNode, ObjectNode, OpenNode, TextNode } from './node.ts';
import { isJsonObject } from './node.ts';
import { QUANTITY_EXPRESSION } from '../quantities.ts';
import { shown, type Problem } from './problem.ts';
import { nearest } from './suggest.ts';

/** Deeper values are refused: no Kubernetes type needs them and a recursion must end. */
const DEEPEST = 64;

export interface Fault extends Problem {
  /** Unknown fields make no rule meaningless; every other fault does for the rules that read the field. */
  readonly unknown?: true;
}

export type Report = (fault: Fault) => void;

export function check(node: Node, value: unknown, path: string, report: Report): void {
  switch (node.kind) {
    case 'text': {
      checkText(node, value, path, report);
      return;
    }
    case 'integer':
    case 'number': {
      checkNumber(node, value, path, report);
      return;
    }
    case 'boolean':
      if (typeof value !== 'boolean') wrongType('boolean', value, path, report);
      return;
    case 'quantity': {
      checkQuantity(value, path, report);
      return;
    }
    case 'list': {
      checkList(node, value, path, report);
      return;
    }
    case 'map': {
      checkMap(node, value, path, report);
      return;
    }
    case 'open': {
      checkOpen(node, value, path, report);
      return;
    }
    case 'object': {
      checkObject(node, value, path, report);
      return;
    }
  }
}

/** The JSON type of a value, in OpenAPI's words. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function wrongType(wanted: string, value: unknown, path: string, report: Report, remedy?: string): void {
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  const todo = wanted === 'string' && isPlain ? 'Put it in quotes.' : remedy;
  report({
    path,
    problem: `must be of type ${wanted}: "${typeName(value)}"`,
    // Of a list, an object or nothing the type says all.
    ...(isPlain || typeof value === 'string' ? { found: shown(value) } : {}),
    ...(todo === undefined ? {} : { remedy: todo }),
  });
}

/** What a field is, with its unit. */
function firstSentence(description: string): string {
  return `${description.split(/\.(?:\s|$)/)[0] ?? ''}.`;
}

function checkText(node: TextNode, value: unknown, path: string, report: Report): void {
  if (typeof value !== 'string') {
    wrongType('string', value, path, report);
    return;
  }
  const found = shown(value);
  if (node.values !== undefined) {
    const words = [...Object.keys(node.values), ...Object.keys(node.planned ?? {})];
    if (words.includes(value)) return;
    const meant = nearest(value, words);
    const remedy = meant === undefined ? {} : { remedy: `Did you mean ${meant}?` };
    const supported = words.map((word) => JSON.stringify(word)).join(', ');
    report({ path, problem: `supported values: ${supported}`, found, ...remedy });
    return;
  }
  // Kubernetes counts code points, not UTF-16 units.
  const length = Array.from(value).length;
  if (length < node.minLength) {
    report({ path, problem: `should be at least ${String(node.minLength)} chars long`, found });
  } else if (length > node.maxLength) {
    report({ path, problem: `may not be more than ${String(node.maxLength)} bytes`, found });
  } else if (node.pattern !== undefined && !new RegExp(node.pattern.expression).test(value)) {
    const remedy = `Write ${node.pattern.means}.`;
    report({ path, problem: `should match '${node.pattern.expression}'`, found, remedy });
  }
}

function checkNumber(node: NumberNode, value: unknown, path: string, report: Report): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    wrongType(node.kind, value, path, report, `Write a number alone: ${firstSentence(node.description)}`);
    return;
  }
  if (node.kind === 'integer' && !Number.isSafeInteger(value)) {
    report({ path, problem: 'must be of type int64: "float64"', found: shown(value) });
    return;
  }
  checkRange(node, value, path, report);
}

function checkRange(node: NumberNode, value: number, path: string, report: Report): void {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = node;
  const low = exclusiveMinimum === true ? value <= minimum : value < minimum;
  const high = exclusiveMaximum === true ? value >= maximum : value > maximum;
  if (low) {
    const bound = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    report({ path, problem: `should be ${bound} ${String(minimum)}`, found: shown(value) });
  } else if (high) {
    const bound = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    report({ path, problem: `should be ${bound} ${String(maximum)}`, found: shown(value) });
  }
}

function checkQuantity(value: unknown, path: string, report: Report): void {
  const isNumber = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (isNumber) return;
  const remedy = 'Write it like 512Mi, 2 or 500m.';
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    report({ path, problem: 'should be greater than or equal to 0', found: shown(value), remedy });
    return;
  }
  if (typeof value !== 'string') {
    const problem = `must be of type integer,string: "${typeName(value)}"`;
    report({ path, problem, remedy });
    return;
  }
  if (!new RegExp(QUANTITY_EXPRESSION).test(value)) {
    report({ path, problem: `should match '${QUANTITY_EXPRESSION}'`, found: shown(value), remedy });
  }
}

function checkList(node: ListNode, value: unknown, path: string, report: Report): void {
  if (!Array.isArray(value)) {
    wrongType('array', value, path, report);
    return;
  }
  const items: readonly unknown[] = value;
  if (items.length < node.minItems) {
    report({ path, problem: `should have at least ${String(node.minItems)} items` });
  }
  if (items.length > node.maxItems) {
    report({
      path,
      problem: `must have at most ${String(node.maxItems)} items`,
      found: String(items.length),
    });
  }
  items.forEach((item, index) => check(node.items, item, `${path}[${String(index)}]`, report));
  if (node.key !== undefined) checkKeys(node.key, items, path, report);
}

function checkKeys(key: string, items: readonly unknown[], path: string, report: Report): void {
  const seen = new Set<unknown>();
  items.forEach((item, index) => {
    const value = isJsonObject(item) ? item[key] : undefined;
    if (value === undefined) return;
    if (seen.has(value)) {
      const found = shown(value);
      report({ path: `${path}[${String(index)}]`, problem: `Duplicate value: {"${key}":${found}}` });
    }
    seen.add(value);
  });
}

function checkMap(node: MapNode, value: unknown, path: string, report: Report): void {
  if (!isJsonObject(value)) {
    wrongType('object', value, path, report);
    return;
  }
  const entries = Object.entries(value);
  if (entries.length > node.maxProperties) {
    report({ path, problem: `must have at most ${String(node.maxProperties)} items` });
  }
  for (const [key, item] of entries) {
    if (node.keys !== undefined && !new RegExp(node.keys.expression).test(key)) {
      const problem = `key should match '${node.keys.expression}'`;
      report({ path: `${path}.${key}`, problem, found: shown(key), remedy: `Write ${node.keys.means}.` });
    }
    check(node.values, item, `${path}.${key}`, report);
  }
}

function checkOpen(node: OpenNode, value: unknown, path: string, report: Report): void {
  if (node.shape === 'object') {
    if (!isJsonObject(value)) {
      wrongType('object', value, path, report);
      return;
    }
    checkJson(value, path, 0, report);
    return;
  }
  if (!Array.isArray(value)) {
    wrongType('array', value, path, report);
    return;
  }
  value.forEach((item: unknown, index) => {
    const place = `${path}[${String(index)}]`;
    if (isJsonObject(item)) checkJson(item, place, 0, report);
    else wrongType('object', item, place, report);
  });
}

/** Kubernetes' own part: any JSON value, but JSON, and of a bounded depth. */
function checkJson(value: unknown, path: string, depth: number, report: Report): void {
  if (depth > DEEPEST) {
    report({ path, problem: 'is nested too deeply' });
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => checkJson(item, `${path}[${String(index)}]`, depth + 1, report));
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) checkJson(item, `${path}.${key}`, depth + 1, report);
  } else if (
    value !== null &&
    typeof value !== 'string' &&
    typeof value !== 'boolean' &&
    !(typeof value === 'number' && Number.isFinite(value))
  ) {
    report({ path, problem: 'must be a JSON value', found: shown(value) });
  }
}

function checkObject(node: ObjectNode, value: unknown, path: string, report: Report): void {
  if (!isJsonObject(value)) {
    wrongType('object', value, path, report);
    return;
  }
  for (const [name, field] of Object.entries(node.fields)) {
    const given: unknown = Object.hasOwn(value, name) ? value[name] : undefined;
    if (given !== undefined) check(field.node, given, `${path}.${name}`, report);
    else if (field.presence === 'required' && field.only === undefined) {
      report({ path: `${path}.${name}`, problem: 'Required value', remedy: field.node.description });
    }
  }
  for (const [name, rest] of Object.entries(value)) {
    if (Object.hasOwn(node.fields, name) || (rest as unknown) === undefined) continue;
    if (node.keepsUnknown === true) checkJson(rest, `${path}.${name}`, 0, report);
    else report({ ...unknownField(node, name, path), unknown: true });
  }
}

function unknownField(node: ObjectNode, name: string, path: string): Problem {
  const place = `${path}.${name}`;
  const problem = `unknown field "${place}"`;
  const meant = nearest(name, Object.keys(node.fields)) ?? below(node, name);
  return meant === undefined
    ? { path: place, problem }
    : { path: place, problem, remedy: `Did you mean ${path}.${meant}?` };
}

/** A field of this very name further down, such as `epochs` given beside `training` instead of in it. */
function below(node: ObjectNode, name: string): string | undefined {
  for (const [key, field] of Object.entries(node.fields)) {
    if (field.node.kind !== 'object') continue;
    if (Object.hasOwn(field.node.fields, name)) return `${key}.${name}`;
    const deeper = below(field.node, name);
    if (deeper !== undefined) return `${key}.${deeper}`;
  }
  return undefined;
}
