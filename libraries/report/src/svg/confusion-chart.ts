/** A confusion matrix: counts, coloured by the share of the actual class. */
import type { ConfusionMatrix } from '@wsi-operator/statistics';
import { formatPercent } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { CHARACTER, figure, px } from './frame.ts';

/** @param classes names, shortened where they do not fit */
export function confusionChart(title: string, matrix: ConfusionMatrix, classes: readonly string[]): Markup {
  const longest = Math.min(Math.max(...classes.map((name) => name.length), 4), 18);
  const cell = Math.max(44, Math.min(96, 340 / classes.length));
  const left = 34 + longest * CHARACTER;
  const top = 54;
  const size = cell * classes.length;
  const middle = (index: number): number => px((index + 0.5) * cell);
  const [width, height] = [px(left + size + 12), px(top + size + 12)];
  return figure(title, width, height, [
    html`<text class="label" x="${px(left + size / 2)}" y="16" text-anchor="middle">predicted</text>`,
    html`<text class="label" transform="translate(14 ${px(top + size / 2)}) rotate(-90)" text-anchor="middle"
      >actual</text
    >`,
    html`<g class="tick"
      >${classes.map((name, index) => [
        html`<text x="${px(left + middle(index))}" y="${top - 12}" text-anchor="middle"
          >${shortened(name, Math.max(4, Math.floor((cell - 6) / 7.6)))}</text
        >`,
        html`<text x="${left - 10}" y="${px(top + middle(index) + 4)}" text-anchor="end"
          >${shortened(name, longest)}</text
        >`,
      ])}</g
    >`,
    ...matrix.flatMap((row, actual) => {
      const total = row.reduce((sum, value) => sum + value, 0);
      return row.map((value, predicted) => {
        const share = total === 0 ? 0 : value / total;
        const [x, y] = [px(left + predicted * cell), px(top + actual * cell)];
        return html`<g transform="translate(${x} ${y})" class="${share > 0.55 ? 'cell full' : 'cell'}"
          ><rect
            width="${px(cell - 3)}"
            height="${px(cell - 3)}"
            rx="4"
            fill-opacity="${px(0.06 + 0.94 * share)}"
          /><text class="count" x="${px(cell / 2 - 1)}" y="${px(cell / 2)}" text-anchor="middle"
            >${value}</text
          ><text x="${px(cell / 2 - 1)}" y="${px(cell / 2 + 17)}" text-anchor="middle"
            >${total === 0 ? '' : formatPercent(share)}</text
          ></g
        >`;
      });
    }),
  ]);
}

export function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
