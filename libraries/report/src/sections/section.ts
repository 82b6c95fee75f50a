/** The parts that sections are made of. */
import { html, type Content, type Markup } from '../markup.ts';

export function section(id: string, title: string, ...content: readonly Content[]): Markup {
  return html`<section id="${id}">
    <h2>${title}</h2>
    ${content}
  </section>`;
}

/** A figure with what one has to know to read it. */
export function card(title: string, content: Content, note?: Content, name = ''): Markup {
  return html`<figure class="card ${name}">
    <h3>${title}</h3>
    ${content}${note === undefined ? undefined : html`<figcaption>${note}</figcaption>`}
  </figure>`;
}

/** Said in place of a part that cannot be shown. */
export function absent(reason: string): Markup {
  return html`<p class="absent">${reason}</p>`;
}

/** On a narrow screen a row is a list of its cells, each with its column's name. */
function labelOf(head: Content): string {
  return typeof head === 'string' ? head : '';
}

/** @param rows cells of equal number; the first column is the row's name */
export function table(head: readonly Content[], rows: readonly (readonly Content[])[], name = ''): Markup {
  const [first, ...others] = head;
  return html`<div class="scroll">
    <table class="${name}">
      <thead>
        <tr>
          <th scope="col">${first}</th>
          ${others.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([title, ...cells]) =>
            html`<tr>
              <th scope="row">${title}</th>
              ${cells.map((cell, index) => html`<td data-label="${labelOf(others[index])}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
