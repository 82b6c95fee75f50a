/** What differs between two specs, field by field (pure). */

export interface FieldChange {
  /** Such as `training.epochs` or `workers.template.spec.containers[0].image`. */
  readonly path: string;
  /** Undefined where the field is absent. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Every leaf that differs, in the order of the names. The order of a mapping's keys makes no difference. */
export function specChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (isMapping(before) && isMapping(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) =>
      specChanges(before[name], after[name], path === '' ? name : `${path}.${name}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_unused, index) => index).flatMap((index) =>
      specChanges(before[index], after[index], `${path}[${index}]`),
    );
  }
  return Object.is(before, after) ? [] : [{ path, before, after }];
}

/** `training.epochs: 20 -> 30` */
export function formatChange({ path, before, after }: FieldChange): string {
  return `${path}: ${shown(before)} -> ${shown(after)}`;
}

const LONGEST_VALUE = 80;

function shown(value: unknown): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}...`;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
