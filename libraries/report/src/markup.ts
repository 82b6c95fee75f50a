/**
 * Markup by template, escaped by default: `html` escapes every value that is not itself Markup, so text from a run
 * (names of patients, slides, classes, messages) cannot become tags or attributes. The output is well-formed XML too,
 * so the same template writes SVG.
 */

export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: undefined and false are nothing, lists are joined. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  // A template is laid out for who reads the source; in the page a line break is a space.
  const parts = strings.map((part) => part.replace(/\s*\n\s*/g, ' '));
  let text = parts[0] ?? '';
  values.forEach((value, index) => (text += render(value) + (parts[index + 1] ?? '')));
  return new Markup(text);
}

function render(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeMarkup(value);
  if (typeof value === 'number') return String(value);
  return value.map(render).join('');
}

/** Also replaces the control characters that XML has no way to write. */
export function escapeMarkup(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
