/** Slides that the run left out: a line at the top, so that nobody takes the result for one of all, the list below. */
import { basename } from 'node:path';
import { count } from '../format.ts';
import { asList, asText, member } from '../json-shape.ts';
import { html, type Markup } from '../markup.ts';
import type { Run } from '../run.ts';
import { section, table } from './section.ts';

/** As many are shown without a click. */
const SHOWN = 10;

export function leftOutNotice(run: Run): Markup | undefined {
  const slides = leftOut(run);
  if (slides.length === 0) return undefined;
  return html`<p class="notice">
    ${count(slides.length, 'slide')} ${slides.length === 1 ? 'was' : 'were'} left out, damaged or unreadable:
    the result is of the others. <a href="#left-out">Which, and why</a>
  </p>`;
}

export function leftOutSection(run: Run): Markup | undefined {
  const slides = leftOut(run);
  if (slides.length === 0) return undefined;
  const list = table(
    ['Slide', 'Reason'],
    slides.map(({ slide, reason }) => [
      html`<span title="${slide}">${basename(slide)}</span>`,
      reason.startsWith(`${slide}: `) ? reason.slice(slide.length + 2) : reason,
    ]),
  );
  return section(
    'left-out',
    'Slides left out',
    slides.length <= SHOWN
      ? list
      : html`<details>
          <summary>${count(slides.length, 'slide')}</summary>
          ${list}
        </details>`,
  );
}

function leftOut({ result }: Run): { slide: string; reason: string }[] {
  return (asList(result?.['quarantined']) ?? []).map((entry) => ({
    slide: asText(member(entry, 'slide')) ?? '–',
    reason: asText(member(entry, 'reason')) ?? 'no reason was recorded',
  }));
}
