/** Horizontal bars with their values, e.g. seconds by phase. */
import { html, type Markup } from '../markup.ts';
import { CHARACTER, colourOf, figure, px } from './frame.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** Written behind the bar. */
  readonly text: string;
}

const ROW = 26;

/** @param full the value of a bar of full length; the largest by default */
export function barChart(title: string, bars: readonly Bar[], colour = 0, full?: number): Markup {
  const width = 440;
  const longest = Math.max(...bars.map(({ name }) => name.length), 1);
  // A long name stands above its bar.
  const above = longest * CHARACTER > 0.3 * width ? 16 : 0;
  const left = above > 0 ? 14 : 20 + longest * CHARACTER;
  const fits = Math.floor((width - 28) / CHARACTER);
  const right = width - 14 - Math.max(...bars.map(({ text }) => text.length), 1) * CHARACTER;
  const largest = full ?? Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const rows = bars.map(({ name, value, text }, row) => {
    const length = px(Math.max(1.5, ((right - left) * value) / largest));
    const label = name.length <= fits ? name : `${name.slice(0, fits - 1)}…`;
    return html`<g transform="translate(0 ${row * (ROW + above) + 4 + above})"
      >${
        above > 0
          ? html`<text x="${px(left)}" y="-3">${label}</text>`
          : html`<text x="${px(left - 10)}" y="15" text-anchor="end">${label}</text>`
      }<rect x="${px(left)}" y="3" width="${length}" height="16" rx="3" fill="${colourOf(colour)}" /><text
        x="${px(left + length + 8)}"
        y="15"
        >${text}</text
      ></g
    >`;
  });
  return figure(title, width, bars.length * (ROW + above) + 8, [html`<g class="tick">${rows}</g>`]);
}
