/** `--set path=value`: changes single fields of a manifest before it is validated. */
import { WsiError } from '@wsi-operator/foundation';
import { load } from 'js-yaml';
import { spec as specSchema } from './definition/job.ts';
import { isJsonObject, type Node } from './schema/node.ts';
import { nearest } from './schema/suggest.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

type Step = string | number;

/**
 * A copy of `manifest` with the assignments applied in order. A path is relative to `spec` (`training.epochs=3`;
 * `spec.training.epochs=3` is the same); `metadata.name` may be set, too. The value is YAML; `null` removes the
 * field, so that its default counts. Throws InvalidArgument for an unknown path or a value that is not YAML.
 */
export function applyOverrides(manifest: unknown, assignments: readonly string[]): unknown {
  return assignments.reduce(applyOne, manifest);
}

function applyOne(manifest: unknown, assignment: string): unknown {
  const equals = assignment.indexOf('=');
  if (equals <= 0) {
    throw new WsiError('InvalidArgument', `"${assignment}" is not an assignment.`, {
      where: '--set',
      remedy: 'Write path=value, such as training.epochs=3.',
    });
  }
  const steps = pathSteps(assignment.slice(0, equals).trim());
  const value = parseValue(assignment.slice(equals + 1), assignment);
  if (steps.join('.') === 'metadata.name') return setAt(manifest, steps, value, assignment);
  const inSpec = steps[0] === 'spec' ? steps.slice(1) : steps;
  checkPath(specSchema.node, inSpec, assignment);
  return setAt(manifest, ['spec', ...inSpec], value, assignment);
}

/** `a.b[0].c` and `a.b.0.c` are the same. */
function pathSteps(path: string): Step[] {
  return path
    .replaceAll(/\[(\d+)\]/g, '.$1')
    .split('.')
    .map((step) => (/^\d{1,9}$/.test(step) ? Number(step) : step));
}

function parseValue(text: string, assignment: string): unknown {
  if (text.trim() === '') return '';
  try {
    return load(text, YAML_DIALECT);
  } catch (thrown) {
    throw new WsiError('InvalidArgument', 'the value is not YAML.', {
      where: `--set ${assignment}`,
      remedy: 'Put texts with special characters in quotes.',
      cause: thrown,
    });
  }
}

/** Refuses a path that the schema does not know; inside Kubernetes' own types every path is taken. */
function checkPath(root: Node, steps: readonly Step[], assignment: string): void {
  let node = root;
  let path = '';
  for (const step of steps) {
    if (node.kind === 'open') return;
    const next = memberOf(node, step);
    if (next === 'any') return;
    if (next === undefined) {
      const names = node.kind === 'object' ? Object.keys(node.fields) : [];
      const meant = nearest(String(step), names);
      const whole = path === '' ? String(step) : `${path}.${String(step)}`;
      const prefix = path === '' ? '' : `${path}.`;
      throw new WsiError('InvalidArgument', `unknown field "${whole}".`, {
        where: `--set ${assignment}`,
        remedy:
          meant === undefined
            ? names.length === 0
              ? `${path} has no fields.`
              : `Fields here: ${names.join(', ')}.`
            : `Did you mean ${prefix}${meant}?`,
      });
    }
    node = next;
    path = path === '' ? String(step) : `${path}.${String(step)}`;
  }
}

function memberOf(node: Node, step: Step): Node | 'any' | undefined {
  if (node.kind === 'list') return typeof step === 'number' ? node.items : undefined;
  if (node.kind === 'map') return node.values;
  if (node.kind !== 'object') return undefined;
  const name = String(step);
  if (Object.hasOwn(node.fields, name)) return node.fields[name]?.node;
  return node.keepsUnknown === true ? 'any' : undefined;
}

function setAt(value: unknown, steps: readonly Step[], wanted: unknown, assignment: string): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return wanted;
  if (typeof step === 'number' && Array.isArray(value)) {
    const items: unknown[] = [...(value as readonly unknown[])];
    if (step > items.length) {
      throw new WsiError('InvalidArgument', `the list has only ${String(items.length)} items`, {
        where: `--set ${assignment}`,
      });
    }
    items[step] = setAt(items[step], rest, wanted, assignment);
    return items;
  }
  if (typeof step === 'number' && value === undefined) {
    return setAt([], steps, wanted, assignment);
  }
  if (value !== undefined && value !== null && !isJsonObject(value)) {
    throw new WsiError('InvalidArgument', `what holds "${String(step)}" is not an object in the manifest`, {
      where: `--set ${assignment}`,
    });
  }
  const name = String(step);
  const entries = new Map<string, unknown>(Object.entries(value ?? {}));
  const next = setAt(entries.get(name), rest, wanted, assignment);
  if (next === null && rest.length === 0) entries.delete(name);
  else entries.set(name, next);
  return Object.fromEntries(entries);
}
