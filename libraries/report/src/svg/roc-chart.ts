/** ROC curves in a square. */
import type { RocPoint } from '@wsi-operator/statistics';
import { html, type Markup } from '../markup.ts';
import { colourOf, linePath, plotFrame } from './frame.ts';

export interface RocSeries {
  readonly name: string;
  /** Behind the name in the legend. */
  readonly value: string;
  readonly points: readonly RocPoint[];
  readonly colour: number;
}

export function rocChart(title: string, series: readonly RocSeries[]): Markup {
  const frame = plotFrame({
    title,
    width: 400,
    height: 360,
    x: { label: 'false positive rate', domain: [0, 1] },
    y: { label: 'true positive rate', domain: [0, 1] },
    legend: series.map(({ name, value, colour }) => ({ name: `${name} ${value}`, colour })),
  });
  const { plot } = frame;
  return frame.draw(
    html`<path class="chance" d="M${plot.left} ${plot.bottom}L${plot.right} ${plot.top}" />`,
    ...series.map(({ points, colour }) => {
      const line = points.map((point): [number, number] => [
        frame.x.at(point.falsePositiveRate),
        frame.y.at(point.truePositiveRate),
      ]);
      return html`<path class="line" d="${linePath(line)}" stroke="${colourOf(colour)}" />`;
    }),
  );
}
