/** Label and field selectors as the API server reads them. */
import type { KubernetesObject } from '../objects.ts';

export type Predicate = (object: KubernetesObject) => boolean;

/** @throws SyntaxError when a requirement cannot be read. */
export function labelPredicate(selector: string): Predicate {
  const requirements = splitOutsideParentheses(selector).map(requirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}));
}

/** `metadata.name=x,status.phase!=Running`: equality only, of any field (a real server knows a few). */
export function fieldPredicate(selector: string): Predicate {
  const requirements = selector.split(',').map((text) => {
    const [, path = '', operator = '', value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(text.trim()) ?? [];
    if (path === '') throw new SyntaxError(`unable to parse field selector "${text}"`);
    return { path: path.split('.'), equal: operator !== '!=', value };
  });
  return (object) =>
    requirements.every(({ path, equal, value }) => {
      let found: unknown = object;
      for (const name of path) found = (found as Record<string, unknown> | undefined)?.[name];
      return ((found ?? '') === value) === equal;
    });
}

type Labels = Readonly<Record<string, string>>;

function requirement(text: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, name = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => {
      const value = labels[name];
      return operator === 'in'
        ? value !== undefined && values.has(value)
        : value === undefined || !values.has(value);
    };
  }
  const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, name = '', operator, value] = equality;
    return (labels) => (labels[name] === value) === (operator !== '!=');
  }
  const existence = /^(!?)\s*([^=!\s()]+)$/.exec(text);
  if (existence === null) throw new SyntaxError(`unable to parse requirement "${text}"`);
  const [, not, name = ''] = existence;
  return (labels) => name in labels === (not === '');
}

function splitOutsideParentheses(selector: string): string[] {
  const parts = selector.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
