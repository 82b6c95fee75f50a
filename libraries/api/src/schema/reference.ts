/** A schema as a reference page in Markdown: one section an object, one row a field. */
import type { FieldNode, Node, NumberNode, ObjectNode, Rule } from './node.ts';

/** Sections of `node` and all objects below it, in the order of the definition. */
export function referenceSections(node: Node, path: string): string[] {
  if (node.kind === 'list') return referenceSections(node.items, `${path}[]`);
  if (node.kind !== 'object') return [];
  const below = Object.entries(node.fields).flatMap(([name, field]) =>
    referenceSections(field.node, `${path}.${name}`),
  );
  return [section(node, path), ...below];
}

function section(node: ObjectNode, path: string): string {
  const rows = Object.entries(node.fields).map(([name, field]) => row(node, name, field));
  const table = ['| Field | Type | Default | Unit | Meaning |', '|---|---|---|---|---|', ...rows].join('\n');
  const rules = rulesText(node.rules);
  const open = node.keepsUnknown === true ? '\n\nFurther fields are handed on to Kubernetes.' : '';
  return `## ${path}\n\n${node.description}\n\n${table}${rules}${open}\n`;
}

function row(object: ObjectNode, name: string, field: FieldNode): string {
  const node = field.node;
  const unit = 'unit' in node ? node.unit : '';
  const cells = [`\`${name}\``, typeText(node), defaultText(field), unit, meaning(object, field)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function typeText(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.values === undefined
        ? 'string'
        : Object.keys(node.values)
            .map((word) => `\`${word}\``)
            .join(', ');
    case 'integer':
    case 'number':
      return `${node.kind}${range(node)}`;
    case 'open':
      return node.shape === 'list' ? 'list of objects' : 'object';
    case 'list':
      return `list, at most ${String(node.maxItems)}`;
    case 'map':
      return `map of ${node.values.kind === 'text' ? 'string' : node.values.kind}`;
    default:
      return node.kind;
  }
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: NumberNode): string {
  const low =
    minimum === undefined ? undefined : `${exclusiveMinimum === true ? '>' : '≥'} ${String(minimum)}`;
  const high =
    maximum === undefined ? undefined : `${exclusiveMaximum === true ? '<' : '≤'} ${String(maximum)}`;
  const bounds = [low, high].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? '' : `, ${bounds.join(', ')}`;
}

function defaultText(field: FieldNode): string {
  if (field.presence === 'required') return '**required**';
  if (field.derive !== undefined) return field.derive.text;
  if (field.default === undefined) return '';
  return `\`${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)}\``;
}

function meaning(object: ObjectNode, field: FieldNode): string {
  const { node } = field;
  const parts = [node.description];
  if (node.kind === 'text' && node.values !== undefined) {
    parts.push(
      `${Object.entries(node.values)
        .map(([word, means]) => `\`${word}\`: ${means}`)
        .join('; ')}.`,
    );
    const planned = Object.keys(node.planned ?? {});
    if (planned.length > 0)
      parts.push(`Not implemented yet: ${planned.map((word) => `\`${word}\``).join(', ')}.`);
  }
  if (node.kind === 'text' && node.pattern !== undefined) parts.push(`Written as ${node.pattern.means}.`);
  if (field.presence === 'planned') parts.push('**Not implemented yet: refused.**');
  if (field.only !== undefined && object.union?.by === 'tag') {
    parts.push(`Only for \`${object.union.tag}\` ${field.only.map((word) => `\`${word}\``).join(', ')}.`);
  }
  return parts.join(' ');
}

function rulesText(rules: readonly Rule[]): string {
  if (rules.length === 0) return '';
  return `\n\nRules:\n\n${rules.map(({ message }) => `- ${message}`).join('\n')}`;
}
