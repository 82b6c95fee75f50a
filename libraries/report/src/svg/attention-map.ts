/** Tiles over a thumbnail, coloured by attention: one path a colour, so that thousands of tiles stay small. */
import { html, type Markup } from '../markup.ts';
import { coloursAt, opacityAt, VIRIDIS } from '../heatmap/scale.ts';
import { px } from './frame.ts';

/** [x, y, width, height] in thumbnail pixels. */
export type Box = readonly [number, number, number, number];

export interface AttentionMap {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Of the thumbnail; a data URI. */
  readonly picture: string;
  readonly tiles: readonly Box[];
  /** One a tile, in [0, 1] after scaling. */
  readonly values: readonly number[];
}

const LEVELS = 24;

export function attentionMap({ title, width, height, picture, tiles, values }: AttentionMap): Markup {
  const paths = new Array<string>(LEVELS).fill('');
  tiles.forEach(([x, y, w, h], index) => {
    const level = levelOf(values[index] ?? 0);
    paths[level] = `${paths[level] ?? ''}M${px(x)} ${px(y)}h${px(w)}v${px(h)}h${px(-w)}z`;
  });
  const layers = paths.map((path, level) =>
    path === ''
      ? undefined
      : html`<path
          d="${path}"
          fill="${colourAt(level / (LEVELS - 1))}"
          fill-opacity="${px(opacityAt(level / (LEVELS - 1)))}"
        />`,
  );
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    class="attention"
    viewBox="0 0 ${px(width)} ${px(height)}"
    role="img"
    aria-label="${title}"
  >
    <image href="${picture}" width="${px(width)}" height="${px(height)}" preserveAspectRatio="none" />
    <g class="overlay" shape-rendering="crispEdges">${layers}</g>
  </svg>`;
}

/**
 * At most a few thousand tiles for one map: many small ones are put together in the cells of a grid, each with the
 * largest of its values, so that a single hot tile stays visible.
 */
export function coarsened(
  tiles: readonly Box[],
  values: readonly number[],
  limit = 4000,
): { tiles: readonly Box[]; values: readonly number[] } {
  const first = tiles[0];
  if (first === undefined || tiles.length <= limit) return { tiles, values };
  const factor = Math.ceil(Math.sqrt(tiles.length / limit));
  const [width, height] = [first[2] * factor, first[3] * factor];
  const cells = new Map<string, { tile: Box; value: number }>();
  tiles.forEach(([x, y], index) => {
    const [column, row] = [Math.floor(x / width), Math.floor(y / height)];
    const key = `${column} ${row}`;
    const value = Math.max(values[index] ?? 0, cells.get(key)?.value ?? 0);
    cells.set(key, { tile: [column * width, row * height, width, height], value });
  });
  const drawn = [...cells.values()];
  return { tiles: drawn.map(({ tile }) => tile), values: drawn.map(({ value }) => value) };
}

function levelOf(value: number): number {
  if (!(value > 0)) return 0;
  return Math.min(LEVELS - 1, Math.floor(value * LEVELS));
}

export function colourAt(share: number): string {
  return `#${coloursAt(share)
    .map((channel) => channel.toString(16).padStart(2, '0'))
    .join('')}`;
}

/** The scale as CSS. */
export const COLOUR_BAR = `linear-gradient(to right, ${VIRIDIS.join(', ')})`;
