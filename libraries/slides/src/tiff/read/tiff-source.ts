/** Tiles of a TIFF, read as they are, decoded (JPEG by libjpeg, in sharp), and put side by side. */
import { mapLimited } from '@wsi-operator/foundation';
import type { MppClaim } from '../../metadata/resolution-claims.ts';
import type { PixelSource } from '../../pixel-source.ts';
import { copyPixels, intersection, type Pixels, type Rectangle } from '../../pixels.ts';
import type { LevelRegion, SlideLevel } from '../../slide.ts';
import type { TiffLevel } from './level.ts';
import { TileDecoder, type TileDecoderParts } from './tile-decoder.ts';

/** Tiles that are decoded in one call; more do not make it faster, and their memory is held together. */
const TILES_PER_CALL = 8;
/** Calls that one request has under way: libuv has four threads. */
const CALLS_AT_ONCE = 4;

export interface TiffSourceParts extends Omit<TileDecoderParts, 'levels'> {
  readonly layout: { readonly levels: readonly TiffLevel[] };
  readonly format: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly claims?: readonly MppClaim[];
  readonly objectivePower?: number | undefined;
  readonly notes?: readonly string[];
}

/** A tile that a request needs, with the regions that it is part of. */
interface NeededTile {
  readonly level: number;
  readonly index: number;
  readonly regions: number[];
}

export class TiffSource implements PixelSource {
  readonly format: string;
  readonly reader = 'tiff';
  readonly levels: readonly SlideLevel[];
  readonly properties: Readonly<Record<string, string>>;
  readonly claims: readonly MppClaim[];
  readonly objectivePower: number | undefined;
  readonly notes: readonly string[];
  readonly #parts: TiffSourceParts;
  readonly #decoder: TileDecoder;

  constructor(parts: TiffSourceParts) {
    this.#parts = parts;
    this.format = parts.format;
    this.properties = parts.properties;
    this.claims = parts.claims ?? [];
    this.objectivePower = parts.objectivePower;
    this.notes = parts.notes ?? [];
    this.levels = parts.layout.levels.map(({ width, height, downsample }) => ({ width, height, downsample }));
    this.#decoder = new TileDecoder({ ...parts, levels: parts.layout.levels });
  }

  async read(regions: readonly LevelRegion[], targets?: readonly Uint8Array[]): Promise<Pixels[]> {
    const places = regions.map((region) => this.#onLevel(region));
    const results = places.map((place, index) => this.#blank(place, regions[index]!.level, targets?.[index]));
    const needed = this.#neededTiles(regions, places);
    const calls = inGroups(needed, Math.min(TILES_PER_CALL, Math.ceil(needed.length / 2)));
    await mapLimited(calls, CALLS_AT_ONCE, async (tiles) => {
      const pictures = await this.#decoder.tiles(
        tiles[0]!.level,
        tiles.map(({ index }) => index),
      );
      for (const [at, tile] of tiles.entries()) {
        const level = this.#parts.layout.levels[tile.level]!;
        for (const region of tile.regions) {
          copyTile(pictures[at]!, level, tile.index, places[region]!, results[region]!);
        }
      }
    });
    return results;
  }

  close(): Promise<void> {
    return this.#parts.bytes.close();
  }

  /** A region in pixels of its level. */
  #onLevel(region: LevelRegion): Rectangle {
    const { downsample } = this.levels[region.level]!;
    const x = Math.round(region.x / downsample);
    return { x, y: Math.round(region.y / downsample), width: region.width, height: region.height };
  }

  /** White where no tile will be; the rest is left to the tiles. */
  #blank(place: Rectangle, level: number, target: Uint8Array | undefined): Pixels {
    const { width, height } = place;
    const { width: levelWidth, height: levelHeight } = this.levels[level]!;
    const data = target ?? new Uint8Array(width * height * 3);
    const inside = place.x >= 0 && place.y >= 0;
    if (!inside || place.x + width > levelWidth || place.y + height > levelHeight) data.fill(255);
    return { width, height, data };
  }

  #neededTiles(regions: readonly LevelRegion[], places: readonly Rectangle[]): NeededTile[] {
    const needed = new Map<string, NeededTile>();
    for (const [at, { level }] of regions.entries()) {
      for (const index of tilesIn(this.#parts.layout.levels[level]!, places[at]!)) {
        const key = `${level}/${index}`;
        const tile = needed.get(key);
        if (tile === undefined) needed.set(key, { level, index, regions: [at] });
        else tile.regions.push(at);
      }
    }
    return [...needed.values()];
  }
}

/** Consecutive groups of at most `size`, each of one level. */
function inGroups(tiles: readonly NeededTile[], size: number): NeededTile[][] {
  const groups: NeededTile[][] = [];
  for (const tile of tiles) {
    const last = groups.at(-1);
    if (last !== undefined && last.length < size && last[0]!.level === tile.level) last.push(tile);
    else groups.push([tile]);
  }
  return groups;
}

/** Copies what a region needs of a tile. What is beyond the level's edge is padding of the tile, and stays white. */
function copyTile(tile: Pixels, level: TiffLevel, index: number, wanted: Rectangle, result: Pixels): void {
  const x = (index % level.columns) * level.tileWidth;
  const y = Math.floor(index / level.columns) * level.tileHeight;
  const width = Math.min(level.tileWidth, level.width - x);
  const height = Math.min(level.tileHeight, level.height - y);
  const part = intersection({ x, y, width, height }, wanted);
  if (part === undefined) return;
  const inTile = { ...part, x: part.x - x, y: part.y - y };
  copyPixels(tile, inTile, result, part.x - wanted.x, part.y - wanted.y);
}

/** The tiles under a rectangle, row by row. */
function tilesIn(level: TiffLevel, wanted: Rectangle): number[] {
  const part = intersection(wanted, { x: 0, y: 0, width: level.width, height: level.height });
  if (part === undefined) return [];
  const tiles: number[] = [];
  const lastRow = Math.floor((part.y + part.height - 1) / level.tileHeight);
  const lastColumn = Math.floor((part.x + part.width - 1) / level.tileWidth);
  for (let row = Math.floor(part.y / level.tileHeight); row <= lastRow; row++) {
    for (let column = Math.floor(part.x / level.tileWidth); column <= lastColumn; column++) {
      tiles.push(row * level.columns + column);
    }
  }
  return tiles;
}
