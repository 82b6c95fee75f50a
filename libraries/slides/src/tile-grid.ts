/** The tiles of a slide: a fixed, ordered list that depends on nothing but the slide's bytes and the specification. */
import { createHash } from 'node:crypto';
import { canonicalJson, WsiError } from '@wsi-operator/foundation';
import { levelAtMpp, requireResolution } from './resolution.ts';
import type { S3Store } from './s3/store.ts';
import type { Resolution, Slide } from './slide.ts';
import { MaskSums, type Mask } from './tissue/mask.ts';
import { tissueMask, tissueSpecification, type TissueMask, type TissueOptions } from './tissue/tissue.ts';

export interface TileGridOptions extends Resolution {
  /** Pixels along a tile's side, at its resolution. */
  readonly size: number;
  /** Pixels from one tile to the next, at the same resolution; `size` by default (no overlap, no gap). */
  readonly stride?: number | undefined;
  readonly tissue?:
    | (TissueOptions & {
        /** The part of a tile that must be tissue, from 0 to 1; 0.25 by default. */
        readonly minimumFraction?: number | undefined;
      })
    | undefined;
}

export interface TileGrid {
  /** The slide's path. */
  readonly slide: string;
  readonly size: number;
  readonly resolution: { readonly level: number } | { readonly mpp: number };
  /** Level-0 pixels along a tile's side; fractional where the level's downsample is. */
  readonly footprint: { readonly x: number; readonly y: number };
  readonly count: number;
  /** Top left corners: x, y, x, y... in level-0 pixels, row by row. */
  readonly coordinates: Int32Array;
  /** Of each tile, the part that is tissue. */
  readonly tissueFraction: Float32Array;
  /** SHA-256 of the slide's fingerprint, the specification and the coordinates. */
  readonly digest: string;
}

const DEFAULT_MINIMUM_FRACTION = 0.25;

/**
 * Tiles that are wholly inside the slide and have enough tissue.
 * @throws WsiError NoTissue when there is none; InvalidArgument when the slide is smaller than a tile, or has no
 *   resolution and one was asked for
 * @param with the store of annotations in S3; the mask, if it is known
 */
export async function tileGrid(
  slide: Slide,
  options: TileGridOptions,
  {
    store,
    mask: known,
  }: { readonly store?: S3Store | undefined; readonly mask?: TissueMask | undefined } = {},
): Promise<TileGrid> {
  const { size, stride = size } = options;
  const { minimumFraction = DEFAULT_MINIMUM_FRACTION, ...tissue } = options.tissue ?? {};
  const { resolution, frame, positions } = tilePlaces(slide, options);
  const footprint = { x: size * frame.scaleX, y: size * frame.scaleY };
  const mask = known ?? (await tissueMask(slide, tissue, store));
  const { coordinates, tissueFraction } = tilesWithTissue(positions, footprint, mask, minimumFraction);
  if (coordinates.length === 0) {
    throw new WsiError('NoTissue', 'No patch has enough tissue.', {
      where: slide.path,
      remedy:
        'See what `wsi patches` shows; then leave the slide out, lower patches.tissue.minimumFraction, or set patches.tissue.method to none to take all of it.',
    });
  }
  const { stated } = slide.resolution;
  const specification = {
    ...{ resolution, size, stride, ...tissueSpecification(tissue, mask.annotations), minimumFraction },
    ...(stated && 'mpp' in resolution ? { slideMpp: slide.mpp } : {}),
  };
  const digest = createHash('sha256')
    .update(`${slide.fingerprint}\n${canonicalJson(specification)}\n`)
    .update(coordinates)
    .digest('hex');
  const count = coordinates.length / 2;
  return { slide: slide.path, size, resolution, footprint, count, coordinates, tissueFraction, digest };
}

/** Where tiles can be, whatever is there. */
export interface TilePlaces {
  readonly resolution: TileGrid['resolution'];
  readonly frame: TileFrame;
  readonly positions: GridPositions;
}

/**
 * The places of tiles, without reading any pixel.
 * @throws WsiError InvalidArgument when the slide is smaller than a tile, or has no resolution and one was asked for
 */
export function tilePlaces(slide: Slide, options: TileGridOptions): TilePlaces {
  const { size, stride = size, tissue } = options;
  requireOptions(slide.path, size, stride, tissue?.minimumFraction ?? DEFAULT_MINIMUM_FRACTION);
  const resolution = requireResolution(slide.path, options);
  const frame = tileFrame(slide, resolution, size);
  const positions = gridPositions(frame, size, stride);
  if (positions.columns.length > 0 && positions.rows.length > 0) return { resolution, frame, positions };
  throw new WsiError(
    'InvalidArgument',
    `The slide (${frame.width} x ${frame.height} at this resolution) is smaller than a patch of ${size}.`,
    { where: slide.path, remedy: 'Choose smaller patches (patches.size, --size) or a finer resolution.' },
  );
}

/** The slide at the tiles' resolution: its size there, and level-0 pixels for one pixel. */
export interface TileFrame {
  readonly width: number;
  readonly height: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

function tileFrame(slide: Slide, resolution: TileGrid['resolution'], size: number): TileFrame {
  const wanted =
    'mpp' in resolution
      ? levelAtMpp(slide, resolution.mpp)
      : { level: resolution.level, scaleX: 1, scaleY: 1, native: true };
  const level = slide.levels[wanted.level];
  if (level === undefined) {
    throw new WsiError('InvalidArgument', `There is no level ${wanted.level} for patches of ${size}.`, {
      where: slide.path,
      remedy: `The slide has levels 0 to ${slide.levels.length - 1}.`,
    });
  }
  return {
    width: Math.floor(level.width / wanted.scaleX + 1e-9),
    height: Math.floor(level.height / wanted.scaleY + 1e-9),
    scaleX: wanted.scaleX * level.downsample,
    scaleY: wanted.scaleY * level.downsample,
  };
}

export interface GridPositions {
  /** Level-0 x of each column of tiles, and y of each row. */
  readonly columns: readonly number[];
  readonly rows: readonly number[];
}

/** All positions at which a tile is wholly inside (to half a level-0 pixel where the scale is fractional). */
export function gridPositions(frame: TileFrame, size: number, stride: number): GridPositions {
  const along = (length: number, scale: number): number[] => {
    const count = Math.floor((length - size) / stride) + 1;
    // A level's pixel n is read from level-0 pixel round(n * scale), which is nearest to n again: no drift, no overlap.
    return Array.from({ length: Math.max(0, count) }, (_, index) => Math.round(index * stride * scale));
  };
  return { columns: along(frame.width, frame.scaleX), rows: along(frame.height, frame.scaleY) };
}

/** The tiles, row by row, of which at least `minimumFraction` is tissue; on an empty mask there is none. */
export function tilesWithTissue(
  { columns, rows }: GridPositions,
  footprint: { readonly x: number; readonly y: number },
  mask: Mask & Pick<TissueMask, 'scaleX' | 'scaleY'>,
  minimumFraction: number,
): { coordinates: Int32Array; tissueFraction: Float32Array } {
  const coordinates: number[] = [];
  const fractions: number[] = [];
  const sums = new MaskSums(mask);
  if (sums.fraction(0, 0, mask.width, mask.height) > 0) {
    for (const y of rows) {
      for (const x of columns) {
        const right = (x + footprint.x) / mask.scaleX;
        const fraction = sums.fraction(
          x / mask.scaleX,
          y / mask.scaleY,
          right,
          (y + footprint.y) / mask.scaleY,
        );
        // What is half tissue must pass a threshold of one half in spite of rounding.
        if (fraction + 1e-9 < minimumFraction) continue;
        coordinates.push(x, y);
        fractions.push(fraction);
      }
    }
  }
  return { coordinates: Int32Array.from(coordinates), tissueFraction: Float32Array.from(fractions) };
}

function requireOptions(where: string, size: number, stride: number, minimumFraction: number): void {
  const problems: string[] = [];
  if (!Number.isInteger(size) || size < 1 || size > 8192) problems.push('The patch size must be 1 to 8192.');
  if (!Number.isInteger(stride) || stride < 1)
    problems.push('The stride must be a whole number of at least 1.');
  if (!(minimumFraction >= 0 && minimumFraction <= 1)) problems.push('The tissue fraction must be 0 to 1.');
  if (problems.length > 0) throw new WsiError('InvalidArgument', problems.join(' '), { where });
}
