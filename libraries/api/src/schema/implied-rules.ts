/** The CEL rules that follow from a schema's shape: variants, forms, and what is planned but not there yet. */
import type { FieldNode, Rule } from './node.ts';

type FieldNodes = Readonly<Record<string, FieldNode>>;

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}

function present(name: string): string {
  return `has(self.${name})`;
}

function inVariant(tag: string, only: readonly string[]): string {
  return only.length === 1 ? `self.${tag} == ${quoted(only)}` : `self.${tag} in [${quoted(only)}]`;
}

/** A variant's field is refused when the tag names another variant. */
export function excludedFieldRules(tag: string, fields: FieldNodes): Rule[] {
  return Object.entries(fields).flatMap(([name, { only }]) =>
    only === undefined
      ? []
      : [
          {
            cel: `!${present(name)} || ${inVariant(tag, only)}`,
            message: `${name} is only for ${tag} ${only.join(' or ')}`,
            field: name,
          },
        ],
  );
}

/** A variant's required field must be present when the tag names that variant. */
export function requiredFieldRules(tag: string, fields: FieldNodes): Rule[] {
  return Object.entries(fields).flatMap(([name, { only, presence }]) =>
    only === undefined || presence !== 'required'
      ? []
      : [
          {
            cel: `${present(name)} || !(${inVariant(tag, only)})`,
            message: `${name} is required for ${tag} ${only.join(' or ')}`,
            field: name,
          },
        ],
  );
}

/** At most one form may be used, and all of its required fields must be there. */
export function exclusiveFormRules(
  keys: Readonly<Record<string, readonly string[]>>,
  fields: FieldNodes,
): Rule[] {
  const rules: Rule[] = [];
  const seen: string[] = [];
  for (const names of Object.values(keys)) {
    for (const name of names) {
      if (seen.length > 0) {
        rules.push({
          cel: `!${present(name)} || !(${seen.map(present).join(' || ')})`,
          message: `${name} cannot be combined with ${seen.join(' or ')}`,
          field: name,
        });
      }
      const others = names.filter((other) => other !== name);
      if (fields[name]?.presence === 'required' && others.length > 0) {
        rules.push({
          cel: `${present(name)} || !(${others.map(present).join(' || ')})`,
          message: `${name} is required together with ${others.join(' and ')}`,
          field: name,
        });
      }
    }
    seen.push(...names);
  }
  return rules;
}

/** Fields and words of the design that do nothing yet are refused instead of being ignored. */
export function plannedRules(fields: FieldNodes): Rule[] {
  return Object.entries(fields).flatMap(([name, { node, presence }]): Rule[] => {
    if (presence === 'planned') {
      return [{ cel: `!${present(name)}`, message: `${name} is not implemented yet`, field: name }];
    }
    if (node.kind !== 'text' || node.planned === undefined) return [];
    const absent = presence === 'required' || presence === 'default' ? '' : `!${present(name)} || `;
    return Object.keys(node.planned).map((word) => ({
      cel: `${absent}self.${name} != '${word}'`,
      message: `${name} ${word} is not implemented yet`,
      field: name,
    }));
  });
}
