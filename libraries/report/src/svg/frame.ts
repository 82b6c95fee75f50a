/** The frame of a plot: grid, axes, labels, legend. Colours are CSS custom properties of the page (see style.ts). */
import { html, type Markup } from '../markup.ts';
import { linearScale, type Domain, type Scale, type ScaleOptions } from './scale.ts';

export interface Axis extends ScaleOptions {
  readonly label: string;
  readonly domain: Domain;
  readonly format?: (value: number) => string;
}

export interface LegendEntry {
  readonly name: string;
  /** Index into the palette. */
  readonly colour: number;
}

export interface FrameOptions {
  /** Read out to people who do not see the figure. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly legend?: readonly LegendEntry[];
  /** Pixels; 440 x 270 by default: small enough that a phone, which scales it down, leaves the type legible. */
  readonly width?: number;
  readonly height?: number;
  /** Pixels below the x axis' label, for a table. */
  readonly foot?: number;
}

export interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly plot: {
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  };
  readonly width: number;
  readonly height: number;
  /** The whole figure around what is drawn in the frame. */
  draw(...content: Markup[]): Markup;
}

/** Average width of a character of the figures' 12 pixel type. */
export const CHARACTER = 6.6;

export function plotFrame(options: FrameOptions): Frame {
  const { title, legend = [], width = 440, height = 270, foot = 0 } = options;
  const keys = placeLegend(legend, width);
  const format = { x: options.x.format ?? String, y: options.y.format ?? String };
  const widest = Math.max(
    ...linearScale(options.y.domain, [0, 1], options.y).ticks.map((tick) => format.y(tick).length),
  );
  const plot = {
    left: Math.ceil(34 + widest * CHARACTER),
    right: width - 16,
    top: 14 + keys.height,
    bottom: height - 46,
  };
  const x = linearScale(options.x.domain, [plot.left, plot.right], { nice: false, ...options.x });
  const y = linearScale(options.y.domain, [plot.bottom, plot.top], options.y);
  return {
    x,
    y,
    plot,
    width,
    height: height + foot,
    draw: (...content) =>
      figure(title, width, height + foot, [
        html`<g class="grid">${y.ticks.map((tick) => horizontal(y.at(tick), plot))}</g>`,
        html`<g class="tick"
          >${y.ticks.map(
            (tick) =>
              html`<text x="${plot.left - 8}" y="${px(y.at(tick) + 4)}" text-anchor="end"
                >${format.y(tick)}</text
              >`,
          )}${x.ticks.map(
            (tick) =>
              html`<text x="${px(x.at(tick))}" y="${plot.bottom + 18}" text-anchor="middle"
                >${format.x(tick)}</text
              >`,
          )}</g
        >`,
        html`<path class="axis" d="M${plot.left} ${plot.bottom}H${plot.right}" />`,
        html`<text
          class="label"
          x="${(plot.left + plot.right) / 2}"
          y="${plot.bottom + 38}"
          text-anchor="middle"
          >${options.x.label}</text
        >`,
        html`<text
          class="label"
          transform="translate(14 ${(plot.top + plot.bottom) / 2}) rotate(-90)"
          text-anchor="middle"
          >${options.y.label}</text
        >`,
        ...content,
        keys.markup,
      ]),
  };
}

/** An SVG element of the given pixel size, which the page scales to its column. */
export function figure(title: string, width: number, height: number, content: readonly Markup[]): Markup {
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    class="figure"
    viewBox="0 0 ${width} ${height}"
    style="max-width: ${Math.round(width * 1.15)}px"
    role="img"
    aria-label="${title}"
  >
    ${content}
  </svg>`;
}

/** The palette's colour as CSS; black where the page's style is missing. */
export function colourOf(index: number): string {
  return `var(--series-${(index % 6) + 1}, #000)`;
}

/** A pixel with two digits, so that files stay small and equal data gives equal text. */
export function px(value: number): number {
  return Math.round(value * 100) / 100;
}

/** `M x y L x y ...`; points that are not finite break the line. */
export function linePath(points: readonly (readonly [number, number])[]): string {
  let path = '';
  let drawing = false;
  for (const [x, y] of points) {
    if (Number.isFinite(x) && Number.isFinite(y)) path += `${drawing ? 'L' : 'M'}${px(x)} ${px(y)}`;
    drawing = Number.isFinite(x) && Number.isFinite(y);
  }
  return path;
}

function horizontal(y: number, plot: Frame['plot']): Markup {
  return html`<path d="M${plot.left} ${px(y)}H${plot.right}" />`;
}

function placeLegend(entries: readonly LegendEntry[], width: number): { height: number; markup: Markup } {
  if (entries.length === 0) return { height: 0, markup: html`` };
  const [start, lineHeight] = [44, 18];
  let x = start;
  let y = 16;
  const fits = Math.floor((width - start - 30) / CHARACTER);
  const keys = entries.map(({ name: whole, colour }) => {
    const name = whole.length <= fits ? whole : `${whole.slice(0, fits - 1)}…`;
    const length = 26 + name.length * CHARACTER + 14;
    if (x > start && x + length > width) {
      x = start;
      y += lineHeight;
    }
    const key = html`<g transform="translate(${px(x)} ${y})"
      ><path d="M0 -4H18" stroke="${colourOf(colour)}" stroke-width="3" /><text x="24">${name}</text></g
    >`;
    x += length;
    return key;
  });
  return { height: y + 2, markup: html`<g class="legend">${keys}</g>` };
}
