/** The fast path: JPEG tiles of a TIFF are read as they are, decoded by libjpeg (in sharp), and put side by side. */
import sharp from 'sharp';
import { WsiError } from '@wsi/foundation';
import { forEachLimited } from '../concurrency.ts';
import type { PictureCache } from '../picture-cache.ts';
import type { PixelSource } from '../pixel-source.ts';
import { copyPixels, createPixels, intersection, type Pixels, type Rectangle } from '../pixels.ts';
import type { LevelRegion, SlideLevel, SlideStatistics } from '../slide.ts';
import type { ByteSource } from './byte-source.ts';
import { TiffDamage } from './directories.ts';
import { completeJpeg } from './jpeg-tile.ts';
import type { TiffLayout, TiffLevel } from './layout.ts';

/** Tiles that one region read decodes at a time: libuv has four threads. */
const TILES_AT_ONCE = 4;

export interface TiffSourceParts {
  readonly path: string;
  readonly bytes: ByteSource;
  readonly layout: TiffLayout;
  readonly format: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly statistics: SlideStatistics;
  readonly cache: PictureCache | undefined;
}

export class TiffSource implements PixelSource {
  readonly format: string;
  readonly reader = 'tiff';
  readonly levels: readonly SlideLevel[];
  readonly properties: Readonly<Record<string, string>>;
  readonly #parts: TiffSourceParts;

  constructor(parts: TiffSourceParts) {
    this.#parts = parts;
    this.format = parts.format;
    this.properties = parts.properties;
    this.levels = slideLevels(parts.layout);
  }

  async read(region: LevelRegion): Promise<Pixels> {
    const level = this.#parts.layout.levels[region.level]!;
    const { downsample } = this.levels[region.level]!;
    const wanted: Rectangle = {
      x: Math.round(region.x / downsample),
      y: Math.round(region.y / downsample),
      width: region.width,
      height: region.height,
    };
    const result = createPixels(region.width, region.height);
    const visible = intersection(wanted, { x: 0, y: 0, width: level.width, height: level.height });
    if (visible === undefined) return result;
    await forEachLimited(tilesIn(level, visible), TILES_AT_ONCE, async ({ column, row }) => {
      const tile = await this.#tile(region.level, row * level.columns + column);
      const place = {
        x: column * level.tileWidth,
        y: row * level.tileHeight,
        width: level.tileWidth,
        height: level.tileHeight,
      };
      const part = intersection(place, visible)!;
      const inTile = { ...part, x: part.x - place.x, y: part.y - place.y };
      copyPixels(tile, inTile, result, part.x - wanted.x, part.y - wanted.y);
    });
    return result;
  }

  close(): Promise<void> {
    return this.#parts.bytes.close();
  }

  #tile(level: number, index: number): Promise<Pixels> {
    const { cache, fingerprint, statistics } = this.#parts;
    const decode = (): Promise<Pixels> => this.#decode(this.#parts.layout.levels[level]!, index);
    if (cache === undefined) return decode();
    return cache.get(`${fingerprint}/${level}/${index}`, statistics, decode);
  }

  async #decode(level: TiffLevel, index: number): Promise<Pixels> {
    const { bytes, path, statistics } = this.#parts;
    const started = performance.now();
    const tile = await bytes.read(level.offsets[index]!, level.byteCounts[index]!);
    const read = performance.now();
    statistics.readSeconds += (read - started) / 1000;
    try {
      const { tileWidth: width, tileHeight: height } = level;
      const jpeg = completeJpeg(level.prefix, tile, width, height);
      const limits = { failOn: 'warning', limitInputPixels: width * height } as const;
      const data = await sharp(jpeg, limits).raw().toBuffer();
      if (data.length !== width * height * 3) throw new TiffDamage('a tile has the wrong number of channels');
      statistics.decodeSeconds += (performance.now() - read) / 1000;
      return { width, height, data };
    } catch (error) {
      throw damagedTile(path, index, error);
    }
  }
}

function damagedTile(path: string, index: number, error: unknown): WsiError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WsiError('SlideUnreadable', `Tile ${index} is damaged (${reason.trim()}).`, {
    where: path,
    remedy: 'Copy the slide again from its source, or leave it out of the cohort.',
    cause: error,
  });
}

function tilesIn(level: TiffLevel, part: Rectangle): { column: number; row: number }[] {
  const tiles: { column: number; row: number }[] = [];
  const lastRow = Math.floor((part.y + part.height - 1) / level.tileHeight);
  const lastColumn = Math.floor((part.x + part.width - 1) / level.tileWidth);
  for (let row = Math.floor(part.y / level.tileHeight); row <= lastRow; row++) {
    for (let column = Math.floor(part.x / level.tileWidth); column <= lastColumn; column++) {
      tiles.push({ column, row });
    }
  }
  return tiles;
}

/** With OpenSlide's rule for the downsample. */
export function slideLevels(layout: TiffLayout): SlideLevel[] {
  const first = layout.levels[0]!;
  return layout.levels.map(({ width, height }) => ({
    width,
    height,
    downsample: (first.width / width + first.height / height) / 2,
  }));
}
