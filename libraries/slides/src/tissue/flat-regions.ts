/** Flat, pale areas of a picture, followed through smooth shades: what could be glass. */
import type { Cells } from './cells.ts';

/** Darkest channel and largest saturation of what could be glass, however tinted. */
const DARKEST_GLASS = 130;
const MOST_SATURATED_GLASS = 0.24;
/** The scanner's filling where it did not scan. */
const WHITE_FILLING = 254;
const BLACK_FILLING = 30;
/** The roughness of glass is at most so many times that of the smoothest fifth of what is pale... */
const NOISE_MARGIN = 3;
/** ...and within these bounds, in values of a channel. */
const LEAST_LIMIT = 1;
const GREATEST_LIMIT = 6;
/** From a cell to its neighbour the mean of a channel changes by at most this, or by the noise if that is more. */
const SHADE_STEP = 3;
/** From this roughness on it is checked whether the channels are alike, and how much they may differ. */
const LEAST_TEXTURE = 0.6;
const UNLIKE = 1.3;
const LEAST_TEXTURED_CELLS = 16;
/** The means of cells are as rough as this part of their blocks; of noise it would be a quarter. */
const COARSE = 0.5;
/** From a region's first cell on, channels drift apart by at most this part (a shadow is grey, a stain is not). */
const TINT_DRIFT = 0.06;

export const CellKind = {
  Other: 0,
  /** White that no camera saw. */
  White: 1,
  /** Black that no camera saw. */
  Black: 2,
  /** Flat and pale. */
  Flat: 3,
} as const;

type Kind = (typeof CellKind)[keyof typeof CellKind];

export interface FlatRegion {
  readonly kind: typeof CellKind.Flat | typeof CellKind.White;
  readonly cells: number;
  /** Means of the channels over the region. */
  readonly colour: readonly [number, number, number];
  readonly roughness: number;
  /** Whether some colours vary more than others: a stain's texture. The noise of a camera or of JPEG is alike in all. */
  readonly isTextured: boolean;
  /** Cells of the region on the picture's border. */
  readonly onBorder: number;
}

export interface FlatRegions {
  readonly regions: readonly FlatRegion[];
  /** The region of each cell, -1 for none. */
  readonly regionOf: Int32Array;
  readonly kindOf: Uint8Array;
  /** Roughness of a channel's values up to which a cell is flat. */
  readonly limit: number;
}

export function flatRegions(cells: Cells): FlatRegions {
  const limit = roughnessLimit(cells);
  const kindOf = Uint8Array.from(cells.roughness, (_, at) => kindOfCell(cells, at, limit));
  const regionOf = new Int32Array(kindOf.length).fill(-1);
  const regions: FlatRegion[] = [];
  const queue = new Int32Array(kindOf.length);
  for (let start = 0; start < kindOf.length; start++) {
    const kind = kindOf[start]!;
    if (regionOf[start] !== -1 || (kind !== CellKind.Flat && kind !== CellKind.White)) continue;
    const step = Math.max(SHADE_STEP, limit);
    const count = grow(cells, kindOf, { start, step, region: regions.length, regionOf, queue });
    regions.push(describe(cells, kind, queue.subarray(0, count), regionOf));
  }
  return { regions, regionOf, kindOf, limit };
}

function isPale(cells: Cells, at: number): boolean {
  const [low, high] = extremes(cells, at);
  return low >= DARKEST_GLASS && high - low <= MOST_SATURATED_GLASS * high;
}

function extremes({ means }: Cells, at: number): [number, number] {
  const [red, green, blue] = [means[at * 3]!, means[at * 3 + 1]!, means[at * 3 + 2]!];
  return [Math.min(red, green, blue), Math.max(red, green, blue)];
}

function roughnessLimit(cells: Cells): number {
  const pale: number[] = [];
  for (let at = 0; at < cells.roughness.length; at++) {
    if (cells.uniform[at] === 0 && isPale(cells, at)) pale.push(cells.roughness[at]!);
  }
  pale.sort((a, b) => a - b);
  const smooth = pale[Math.floor(pale.length / 5)] ?? 0;
  return Math.min(GREATEST_LIMIT, Math.max(LEAST_LIMIT, smooth * NOISE_MARGIN));
}

function kindOfCell(cells: Cells, at: number, limit: number): Kind {
  const [low, high] = extremes(cells, at);
  if (cells.uniform[at] === 1) {
    if (low >= WHITE_FILLING) return CellKind.White;
    if (high <= BLACK_FILLING) return CellKind.Black;
  }
  return isPale(cells, at) && cells.roughness[at]! <= limit ? CellKind.Flat : CellKind.Other;
}

interface Growth {
  readonly start: number;
  readonly step: number;
  readonly region: number;
  readonly regionOf: Int32Array;
  readonly queue: Int32Array;
}

/** Collects the cells of a region into `queue`, marks them, and returns how many they are. */
function grow(cells: Cells, kindOf: Uint8Array, growth: Growth): number {
  const { means, columns, rows } = cells;
  const { start, region, regionOf, queue } = growth;
  const kind = kindOf[start]!;
  let count = 0;
  const visit = (cell: number, from: number): void => {
    if (kindOf[cell] !== kind || regionOf[cell] !== -1) return;
    for (let channel = 0; channel < 3; channel++) {
      const step = means[cell * 3 + channel]! - means[from * 3 + channel]!;
      if (Math.abs(step) > growth.step) return;
    }
    if (tintChange(means, start, cell) > TINT_DRIFT) return;
    regionOf[cell] = region;
    queue[count++] = cell;
  };
  visit(start, start);
  for (let next = 0; next < count; next++) {
    const cell = queue[next]!;
    const column = cell % columns;
    if (column > 0) visit(cell - 1, cell);
    if (column < columns - 1) visit(cell + 1, cell);
    if (cell >= columns) visit(cell - columns, cell);
    if (cell < columns * (rows - 1)) visit(cell + columns, cell);
  }
  return count;
}

function tintChange(means: Float32Array, a: number, b: number): number {
  const ratio = (channel: number): number => means[b * 3 + channel]! / means[a * 3 + channel]!;
  const [red, green, blue] = [ratio(0), ratio(1), ratio(2)];
  return Math.max(red, green, blue) / Math.min(red, green, blue) - 1;
}

function describe(
  cells: Cells,
  kind: FlatRegion['kind'],
  members: Int32Array,
  regionOf: Int32Array,
): FlatRegion {
  const { means, roughness, channelRoughness, columns, rows } = cells;
  const channels: [number, number, number] = [0, 0, 0];
  const sums: [number, number, number] = [0, 0, 0];
  let rough = 0;
  let onBorder = 0;
  for (const cell of members) {
    for (let channel = 0; channel < 3; channel++) {
      sums[channel]! += means[cell * 3 + channel]!;
      channels[channel]! += channelRoughness[cell * 3 + channel]!;
    }
    rough += roughness[cell]!;
    const column = cell % columns;
    const row = (cell - column) / columns;
    if (column === 0 || row === 0 || column === columns - 1 || row === rows - 1) onBorder++;
  }
  const count = members.length;
  return {
    kind,
    cells: count,
    colour: [sums[0] / count, sums[1] / count, sums[2] / count],
    roughness: rough / count,
    isTextured:
      count >= LEAST_TEXTURED_CELLS &&
      rough / count > LEAST_TEXTURE &&
      (Math.max(...channels) > UNLIKE * Math.min(...channels) ||
        coarseRoughness(cells, members, regionOf) > COARSE * (rough / count)),
    onBorder,
  };
}

/** Roughness of the cells' own means, from second differences along rows; noise is gone there, tissue is not. */
function coarseRoughness({ means, columns }: Cells, members: Int32Array, regionOf: Int32Array): number {
  let sum = 0;
  let count = 0;
  for (const cell of members) {
    const column = cell % columns;
    const region = regionOf[cell];
    if (column === 0 || column === columns - 1) continue;
    if (regionOf[cell - 1] !== region || regionOf[cell + 1] !== region) continue;
    for (let channel = 0; channel < 3; channel++) {
      const mean = (at: number): number => means[at * 3 + channel]!;
      const bend = mean(cell - 1) - 2 * mean(cell) + mean(cell + 1);
      sum += bend * bend;
      count++;
    }
  }
  return count === 0 ? 0 : Math.sqrt(sum / count / 6);
}
