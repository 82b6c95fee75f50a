/**
 * Which of a picture's flat areas are background: glass (in one or several tints and shades), and what was not scanned.
 * The background is known everywhere afterwards: where something lies on it, it is what is around.
 */
import type { Cells } from './cells.ts';
import { densityOf, magentaExcess } from './density.ts';
import { CellKind, flatRegions, type FlatRegion, type FlatRegions } from './flat-regions.ts';

export type BackgroundClass = 'glass' | 'tinted glass' | 'unscanned';

export interface Background {
  /** For the reader: each class, its mean colour and its share of the picture. */
  readonly classes: readonly {
    readonly name: BackgroundClass;
    readonly colour: readonly [number, number, number];
    readonly share: number;
  }[];
  /** Density of the background at each cell: red, green, blue. */
  readonly density: Int16Array;
  /** Of each cell: 1 where it is background of any class. */
  readonly isBackground: Uint8Array;
  /** 1 where the scanner filled in black or white beside what it scanned. */
  readonly isUnscanned: Uint8Array;
  /** Roughness of a channel's values up to which an area is flat. */
  readonly flatness: number;
}

/** The least share of all flat cells that the glass has; smaller regions only count when there is none. */
const LEAST_GLASS_SHARE = 0.05;
const LEAST_PICTURE_SHARE = 0.002;
const LEAST_CELLS = 4;
/** Glass of a second tint: at most so dense against the first, and so little like a stain. */
const DENSEST_TINT = 1500;
const STAIN_EXCESS = 0.25;
/** What is at most so dense and so coloured is white. */
const DENSEST_WHITE = 450;
const WHITE_CHROMA = 150;
/** Something rough of a stain's colour and this dense is no glass. */
const DENSEST_ROUGH_TINT = 600;
const LEAST_STAIN = 100;
/** A second glass is at most so much rougher than the first; in values of a channel, and as a factor. */
const LEAST_SMOOTHNESS = 0.3;
const ROUGHER_THAN_GLASS = 2.5;
/** A stain-like tint is glass when so much of what was scanned has it. */
const COMMON_TINT = 0.5;
/** What was scanned is of rectangles; tissue on white glass is not. */
const RECTANGULAR = 0.9;
/** Assumed where there is no glass to be seen. */
const WHITE = 250;

export function findBackground(cells: Cells): Background {
  const flat = flatRegions(cells);
  const glass = primaryGlass(cells, flat);
  const accepted = acceptedRegions(flat, glass);
  const total = flat.kindOf.length;
  const isBackground = new Uint8Array(total);
  const isUnscanned = new Uint8Array(total);
  const lends = new Uint8Array(total);
  for (let at = 0; at < total; at++) {
    const kind = flat.kindOf[at]!;
    const region = flat.regions[flat.regionOf[at]!];
    const unscanned = kind === CellKind.Black || (kind === CellKind.White && glass?.kind !== CellKind.White);
    isUnscanned[at] = unscanned ? 1 : 0;
    lends[at] = region !== undefined && accepted.has(region) ? 1 : 0;
    isBackground[at] = unscanned || lends[at] === 1 ? 1 : 0;
  }
  return {
    classes: describeClasses(flat, { glass, accepted, isUnscanned }),
    density: backgroundDensity(cells, lends),
    isBackground,
    isUnscanned,
    flatness: glass === undefined ? flat.limit : Math.min(flat.limit, smoothness(glass)),
  };
}

/** The brightest flat region of some size; white filling only when nothing else can be glass. */
function primaryGlass(cells: Cells, flat: FlatRegions): FlatRegion | undefined {
  const total = flat.kindOf.length;
  const regions = flat.regions.filter((region) => region.kind === CellKind.Flat && !isPaleTissue(region));
  const filling = flat.regions.filter((region) => region.kind === CellKind.White);
  const flatCells = regions.reduce((sum, region) => sum + region.cells, 0);
  const brightest = (least: number): FlatRegion | undefined =>
    regions
      .filter((region) => region.cells >= Math.max(LEAST_CELLS, least))
      .reduce<FlatRegion | undefined>(
        (best, region) => (best === undefined || brightness(region) > brightness(best) ? region : best),
        undefined,
      );
  const found = brightest(flatCells * LEAST_GLASS_SHARE) ?? brightest(total * LEAST_PICTURE_SHARE);
  const white = largest(filling);
  if (white === undefined || white.cells < total * LEAST_PICTURE_SHARE) return found;
  if (found === undefined) return white;
  return isScannedArea(cells, flat, found) ? found : white;
}

/** Pale tissue may be as flat as noisy glass: recognised by its texture, or as a stain that is too dense for a tint. */
function isPaleTissue({ colour, isTextured, roughness }: FlatRegion): boolean {
  const densities = colour.map(densityOf);
  const densest = Math.max(...densities);
  // JPEG and channels at their limit make a texture of noise; white glass is recognised by its whiteness.
  if (densest <= DENSEST_WHITE && densest - Math.min(...densities) <= WHITE_CHROMA) return false;
  if (isTextured) return true;
  return roughness > 1 && densest > DENSEST_ROUGH_TINT && isStainLike(colour, [255, 255, 255]);
}

/** Whether a flat region beside pure white is the glass that was scanned, and not something pale on white glass. */
function isScannedArea(cells: Cells, flat: FlatRegions, region: FlatRegion): boolean {
  const stained = isStainLike(region.colour, [255, 255, 255]);
  if (stained && region.roughness === 0) return false;
  const index = flat.regions.indexOf(region);
  const start = flat.regionOf.indexOf(index);
  return rectangularity(cells, flat, start) >= RECTANGULAR;
}

/** The part of its bounding box that a connected area without white filling covers. */
function rectangularity({ columns, rows }: Cells, { kindOf }: FlatRegions, start: number): number {
  const seen = new Uint8Array(kindOf.length);
  const queue = new Int32Array(kindOf.length);
  let count = 0;
  const visit = (cell: number): void => {
    if (kindOf[cell] === CellKind.White || seen[cell] === 1) return;
    seen[cell] = 1;
    queue[count++] = cell;
  };
  visit(start);
  let [left, right, top, bottom] = [columns, 0, rows, 0];
  for (let next = 0; next < count; next++) {
    const cell = queue[next]!;
    const column = cell % columns;
    const row = (cell - column) / columns;
    [left, right] = [Math.min(left, column), Math.max(right, column)];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    if (column > 0) visit(cell - 1);
    if (column < columns - 1) visit(cell + 1);
    if (row > 0) visit(cell - columns);
    if (row < rows - 1) visit(cell + columns);
  }
  return count / ((right - left + 1) * (bottom - top + 1));
}

/** The glass and what else is background beside it: other tints, shades, stripes. */
function acceptedRegions(
  { regions, kindOf }: FlatRegions,
  glass: FlatRegion | undefined,
): ReadonlySet<FlatRegion> {
  if (glass === undefined) return new Set();
  const scanned = kindOf.reduce((sum, kind) => sum + (kind === CellKind.White ? 0 : 1), 0);
  const accepts = (region: FlatRegion): boolean => {
    if (region === glass) return true;
    if (region.kind !== CellKind.Flat || isPaleTissue(region)) return false;
    if (region.roughness > smoothness(glass)) return false;
    const densities = region.colour.map((value, at) => densityOf(value) - densityOf(glass.colour[at]!));
    if (Math.max(...densities) > DENSEST_TINT) return false;
    if (isTint(densities, region)) return true;
    if (!isStainLike(region.colour, glass.colour)) return region.onBorder > 0;
    return region.roughness > 0 && region.onBorder > 0 && region.cells >= scanned * COMMON_TINT;
  };
  return new Set(regions.filter(accepts));
}

/** How rough at most what is as smooth as the glass is. */
function smoothness({ roughness }: FlatRegion): number {
  return Math.max(LEAST_SMOOTHNESS, ROUGHER_THAN_GLASS * roughness);
}

/** Grey, or the yellow of mounting media: nothing that a stain does to flat pale tissue. */
function isTint(densities: readonly number[], { roughness }: FlatRegion): boolean {
  const [red = 0, green = 0, blue = 0] = densities;
  if (Math.max(red, green, blue) - Math.min(red, green, blue) <= LEAST_STAIN) return true;
  const yellow = blue >= green && green >= red && blue <= DENSEST_TINT / 2;
  return yellow && roughness > 0;
}

function isStainLike(
  colour: readonly [number, number, number],
  glass: readonly [number, number, number],
): boolean {
  const [red, green, blue] = [0, 1, 2].map((at) => densityOf(colour[at]!) - densityOf(glass[at]!)) as [
    number,
    number,
    number,
  ];
  const densest = Math.max(red, green, blue);
  return densest > LEAST_STAIN && magentaExcess(red, green, blue) > STAIN_EXCESS * densest;
}

function brightness({ colour }: FlatRegion): number {
  return colour[0] + colour[1] + colour[2];
}

function largest(regions: readonly FlatRegion[]): FlatRegion | undefined {
  return regions.reduce<FlatRegion | undefined>(
    (best, region) => (best === undefined || region.cells > best.cells ? region : best),
    undefined,
  );
}

/** Density of the background at every cell: that of the cells which lend it, spread into the others from near to far. */
function backgroundDensity({ means, columns, rows }: Cells, lends: Uint8Array): Int16Array {
  const filled = new Float32Array(means.length);
  const weights = Float32Array.from(lends);
  for (let at = 0; at < lends.length; at++) {
    for (let channel = 0; channel < 3; channel++) {
      filled[at * 3 + channel] = lends[at] === 1 ? means[at * 3 + channel]! : 0;
    }
  }
  spreadInto({ columns, rows, values: filled, weights });
  return Int16Array.from(filled, densityOf);
}

interface Lattice {
  readonly columns: number;
  readonly rows: number;
  /** Three for each point; only meaningful where the weight is not 0. */
  readonly values: Float32Array;
  readonly weights: Float32Array;
}

/** Gives every point without a weight the value of the next coarser lattice, of which each point is a mean of four. */
function spreadInto({ columns, rows, values, weights }: Lattice): void {
  if (columns === 1 && rows === 1) {
    if (weights[0] === 0) values.fill(WHITE);
    return;
  }
  const coarse: Lattice = {
    columns: Math.ceil(columns / 2),
    rows: Math.ceil(rows / 2),
    values: new Float32Array(Math.ceil(columns / 2) * Math.ceil(rows / 2) * 3),
    weights: new Float32Array(Math.ceil(columns / 2) * Math.ceil(rows / 2)),
  };
  const above = (at: number): number =>
    Math.floor(Math.floor(at / columns) / 2) * coarse.columns + Math.floor((at % columns) / 2);
  for (let at = 0; at < weights.length; at++) {
    if (weights[at] === 0) continue;
    const to = above(at);
    coarse.weights[to]! += 1;
    for (let channel = 0; channel < 3; channel++) {
      coarse.values[to * 3 + channel]! += values[at * 3 + channel]!;
    }
  }
  for (let at = 0; at < coarse.weights.length; at++) {
    if (coarse.weights[at] === 0) continue;
    for (let channel = 0; channel < 3; channel++) coarse.values[at * 3 + channel]! /= coarse.weights[at]!;
    coarse.weights[at] = 1;
  }
  spreadInto(coarse);
  for (let at = 0; at < weights.length; at++) {
    if (weights[at] !== 0) continue;
    const from = above(at);
    for (let channel = 0; channel < 3; channel++) {
      values[at * 3 + channel] = coarse.values[from * 3 + channel]!;
    }
  }
}

function describeClasses(
  { regions, kindOf }: FlatRegions,
  parts: {
    readonly glass: FlatRegion | undefined;
    readonly accepted: ReadonlySet<FlatRegion>;
    readonly isUnscanned: Uint8Array;
  },
): Background['classes'] {
  const total = kindOf.length;
  const classes: Background['classes'][number][] = [];
  for (const region of regions) {
    if (!parts.accepted.has(region) || (region !== parts.glass && region.cells < total * 0.01)) continue;
    const name = region === parts.glass ? 'glass' : 'tinted glass';
    classes.push({ name, colour: region.colour, share: region.cells / total });
  }
  for (const [kind, value] of [
    [CellKind.White, 255],
    [CellKind.Black, 0],
  ] as const) {
    const cells = kindOf.reduce(
      (sum, each, at) => sum + (each === kind && parts.isUnscanned[at] === 1 ? 1 : 0),
      0,
    );
    if (cells > 0) classes.push({ name: 'unscanned', colour: [value, value, value], share: cells / total });
  }
  return classes;
}
