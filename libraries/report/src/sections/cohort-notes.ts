/** What the run assumed of its cohort: a line at the top, the list below. */
import { count } from '../format.ts';
import { asList, asText } from '../json-shape.ts';
import { html, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';
import { section } from './section.ts';

export function cohortNotice(run: Run): Markup | undefined {
  const notes = notesOf(run);
  if (notes.length === 0) return undefined;
  return html`<p class="notice">
    ${count(notes.length, 'note')} on the table of the cohort:
    <a href="#cohort">what was assumed or is unusual</a>
  </p>`;
}

export function cohortSection(run: Run): Markup | undefined {
  const notes = notesOf(run);
  if (notes.length === 0) return undefined;
  return section(
    'cohort',
    'Notes on the cohort',
    html`<ul>
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>`,
  );
}

function notesOf({ result }: Run): string[] {
  return (asList(result?.['notes']) ?? []).flatMap((note) => asText(note) ?? []);
}
