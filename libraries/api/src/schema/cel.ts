/**
 * Evaluates the rules of a schema on a value, as the API server does: integers are CEL ints, absent fields are
 * absent, a rule that cannot be evaluated refuses the value.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Fault, Report } from './check.ts';
import type { JsonObject, Node, ObjectNode, Rule } from './node.ts';
import { isJsonObject } from './node.ts';

type Evaluate = (variables: Readonly<Record<string, unknown>>) => unknown;

/** Of expressions over these variables, of any type; each text is compiled once. What it returns throws when text is not CEL. */
export function celCompiler(...variables: readonly string[]): (cel: string) => Evaluate {
  const environment = new Environment();
  for (const name of variables) environment.registerVariable(name, 'dyn');
  const compiled = new Map<string, Evaluate>();
  return (cel) => {
    const known = compiled.get(cel);
    if (known !== undefined) return known;
    const program = environment.parse(cel);
    const evaluate: Evaluate = (values) => program(values);
    compiled.set(cel, evaluate);
    return evaluate;
  };
}

/** Throws when `cel` is not CEL. */
export const compileRule = celCompiler('self', 'oldSelf');

/** A value of JSON in CEL's types, as the API server has it where no schema decides: whole numbers are ints. */
export function wireValue(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(wireValue);
  if (!isJsonObject(value)) return value;
  return new Map(Object.entries(value).map(([name, item]) => [name, wireValue(item)]));
}

export function isTransition(rule: Rule): boolean {
  return /\boldSelf\b/.test(rule.cel);
}

/**
 * A value in CEL's types, which the schema decides: `4` of a number field is a double, of an integer field an int.
 * What the schema does not describe (Kubernetes' own types, unknown fields) no rule can read; it is left alone, as
 * it may be anything, even refer to itself.
 */
export function celValue(node: Node | undefined, value: unknown): unknown {
  if (node === undefined || node.kind === 'open') return value;
  if (typeof value === 'number') {
    return node.kind !== 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (Array.isArray(value)) {
    return value.map((item) => celValue(node.kind === 'list' ? node.items : undefined, item));
  }
  if (!isJsonObject(value)) return value;
  // A Map, as the evaluator takes an object with a field named `constructor` for something else.
  return new Map(Object.entries(value).map(([name, item]) => [name, celValue(memberNode(node, name), item)]));
}

function memberNode(node: Node, name: string): Node | undefined {
  if (node.kind === 'map') return node.values;
  return node.kind === 'object' && Object.hasOwn(node.fields, name) ? node.fields[name]?.node : undefined;
}

export interface RuleSubject {
  readonly value: unknown;
  /** The same part of the object before the update; undefined when there was none. */
  readonly old: unknown;
  readonly path: string;
  /** Faults found so far: a rule that reads a faulty field is not asked, its answer would only confuse. */
  readonly faults: readonly Fault[];
}

/** Evaluates every rule of `node` and of all nodes below it. */
export function checkRules(node: Node, subject: RuleSubject, report: Report): void {
  if (node.kind === 'object' && isJsonObject(subject.value)) {
    applyRules(node, node.rules, subject, report);
    checkMembers(node, subject.value, subject, report);
  } else if (node.kind === 'list' && Array.isArray(subject.value)) {
    applyRules(node, node.rules, subject, report);
    subject.value.forEach((item: unknown, index) => {
      const path = `${subject.path}[${String(index)}]`;
      checkRules(node.items, { ...subject, value: item, old: undefined, path }, report);
    });
  }
}

function checkMembers(node: ObjectNode, value: JsonObject, subject: RuleSubject, report: Report): void {
  for (const [name, field] of Object.entries(node.fields)) {
    if (!Object.hasOwn(value, name)) continue;
    const old = isJsonObject(subject.old) && Object.hasOwn(subject.old, name) ? subject.old[name] : undefined;
    const path = `${subject.path}.${name}`;
    checkRules(field.node, { ...subject, value: value[name], old, path }, report);
  }
}

function applyRules(node: Node, rules: readonly Rule[], subject: RuleSubject, report: Report): void {
  const asked = rules.filter(
    (rule) =>
      !(isTransition(rule) && subject.old === undefined) && !readsFaulty(rule, subject.path, subject.faults),
  );
  if (asked.length === 0) return;
  const self = celValue(node, subject.value);
  const oldSelf = celValue(node, subject.old);
  for (const rule of asked) {
    const failure = failureOf(rule, { self, oldSelf });
    if (failure === undefined) continue;
    const path = rule.field === '' ? subject.path : `${subject.path}.${rule.field}`;
    report({ path, problem: failure, ...(rule.remedy === undefined ? {} : { remedy: rule.remedy }) });
  }
}

function failureOf(rule: Rule, variables: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return compileRule(rule.cel)(variables) === true ? undefined : rule.message;
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown);
    return `${rule.message} (the rule could not be evaluated: ${why})`;
  }
}

function readsFaulty(rule: Rule, path: string, faults: readonly Fault[]): boolean {
  const read = referencedPaths(rule.cel).map((field) => `${path}${field}`);
  return faults.some(
    (fault) =>
      fault.unknown !== true && read.some((one) => within(one, fault.path) || within(fault.path, one)),
  );
}

function within(path: string, container: string): boolean {
  return path === container || path.startsWith(`${container}.`) || path.startsWith(`${container}[`);
}

/** The fields that a rule reads, such as `.cohort.outcome.type`; a called method is not one of them. */
function referencedPaths(cel: string): string[] {
  return [...cel.matchAll(/\bself((?:\.\w+)*)(\(?)/g)].map(([, fields = '', call = '']) =>
    call === '(' ? fields.slice(0, fields.lastIndexOf('.')) : fields,
  );
}
