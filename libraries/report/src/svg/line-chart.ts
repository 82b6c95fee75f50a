/** Lines over a common x: losses, rates, metrics. */
import { html, type Markup } from '../markup.ts';
import { colourOf, linePath, plotFrame, px, type Axis } from './frame.ts';
import { extent, type Domain } from './scale.ts';

export type Point = readonly [x: number, y: number];

export interface LineSeries {
  readonly name: string;
  readonly points: readonly Point[];
  /** Index into the palette. */
  readonly colour: number;
  /** A thin pale line, for what a bold one summarises; not in the legend. */
  readonly faint?: boolean;
  /** Dots on the points, for a few of them. */
  readonly dots?: boolean;
}

export interface LineChartOptions {
  readonly title: string;
  readonly x: Omit<Axis, 'domain'> & { readonly domain?: Domain };
  readonly y: Omit<Axis, 'domain'> & { readonly domain?: Domain };
  readonly series: readonly LineSeries[];
  readonly height?: number;
}

export function lineChart({ title, x, y, series, height }: LineChartOptions): Markup {
  const points = series.flatMap((line) => line.points);
  const bold = series.filter(({ faint }) => faint !== true);
  const frame = plotFrame({
    title,
    x: { ...x, domain: x.domain ?? extent(points.map(([value]) => value)) },
    y: { ...y, domain: y.domain ?? extent(points.map(([, value]) => value)) },
    legend: bold.length > 1 ? bold : [],
    ...(height === undefined ? {} : { height }),
  });
  const place = ([a, b]: Point): [number, number] => [frame.x.at(a), frame.y.at(b)];
  return frame.draw(
    ...series.map(({ points: of, colour, faint, dots }) => {
      const path = html`<path
        class="${faint === true ? 'line faint' : 'line'}"
        d="${linePath(of.map(place))}"
        stroke="${colourOf(colour)}"
      />`;
      if (dots !== true) return path;
      const marks = of.map(place).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
      return html`${path}${marks.map(([a, b]) => html`<circle cx="${px(a)}" cy="${px(b)}" r="3" fill="${colourOf(colour)}" />`)}`;
    }),
  );
}

/** At most `limit` points: the mean of each run of neighbours. */
export function thinned(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points];
  return Array.from({ length: limit }, (_, bucket) => {
    const from = Math.floor((bucket * points.length) / limit);
    const run = points.slice(from, Math.floor(((bucket + 1) * points.length) / limit));
    const mean = (side: 0 | 1): number => run.reduce((sum, point) => sum + point[side], 0) / run.length;
    return [mean(0), mean(1)] as const;
  });
}

/** The mean of each point with its neighbours, `radius` on each side (fewer at the ends). */
export function smoothed(points: readonly Point[], radius: number): Point[] {
  return points.map(([x], index) => {
    const reach = Math.min(radius, index, points.length - 1 - index);
    const window = points.slice(index - reach, index + reach + 1);
    return [x, window.reduce((sum, [, y]) => sum + y, 0) / window.length];
  });
}
