/**
 * The one scale of all heatmaps (in the report, beside a run, of `wsi predict`): the same colour means the same on every
 * slide. An attention weight is shown as a multiple of the mean weight of the bag's tiles, from an eighth to eight times,
 * so that a slide with uniform attention is of one colour. A tile's own score is shown as it is.
 */

export type HeatmapKind = 'attention' | 'score';

export interface HeatmapScale {
  readonly title: string;
  /** Position from 0 to 1, and what stands there. */
  readonly ticks: readonly (readonly [position: number, label: string])[];
}

/** The scale ends at so many times the mean, and at its inverse. */
const LARGEST = 8;

const DOUBLINGS = Math.log2(LARGEST);

export const HEATMAP_SCALES: Readonly<Record<HeatmapKind, HeatmapScale>> = {
  attention: {
    title: 'attention, times the mean of the tiles',
    ticks: [
      [0, '1/8'],
      [1 / 6, '1/4'],
      [2 / 6, '1/2'],
      [3 / 6, '1'],
      [4 / 6, '2'],
      [5 / 6, '4'],
      [1, '8'],
    ],
  },
  score: {
    title: 'score of the tile alone',
    ticks: [
      [0, '0'],
      [0.5, '0.5'],
      [1, '1'],
    ],
  },
};

/**
 * @param value a multiple of the mean weight, or a score
 * @returns 0 to 1; what is beyond an end of the scale is at that end
 */
export function positionOf(kind: HeatmapKind, value: number): number {
  if (Number.isNaN(value)) return 0;
  const position = kind === 'score' ? value : (Math.log2(Math.max(0, value)) / DOUBLINGS + 1) / 2;
  return Math.min(1, Math.max(0, position));
}

/**
 * Tiles' numbers as they are shown: of attention the multiple of the mean, of scores themselves.
 * @param weights attention weights, which sum to 1 over the bag
 * @param bagTiles tiles of the whole bag, of which these may be those of one slide
 */
export function shownValues(kind: HeatmapKind, weights: ArrayLike<number>, bagTiles: number): number[] {
  return Array.from(weights, (weight) => (kind === 'score' ? weight : weight * bagTiles));
}

/** How much the colour covers of the tissue, of a place on the scale: what weighs nothing lets it show through. */
export function opacityAt(position: number): number {
  return 0.15 + 0.7 * position;
}

/** Matplotlib's viridis: even in lightness, and read alike by people who cannot distinguish red from green. */
export const VIRIDIS = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
] as const;

/** Red, green and blue of a place on the scale, 0 to 255. */
export function coloursAt(position: number): [number, number, number] {
  const place = Math.min(Math.max(position, 0), 1) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const channel = (colour: string, index: number): number =>
    parseInt(colour.slice(1 + 2 * index, 3 + 2 * index), 16);
  const mixed = [0, 1, 2].map((index) => {
    const [from, to] = [channel(VIRIDIS[below]!, index), channel(VIRIDIS[below + 1]!, index)];
    return Math.round(from + (place - below) * (to - from));
  });
  return mixed as [number, number, number];
}
