/** Reads and decodes the tiles of a TIFF; those of JPEG several at a time where that gives the same pixels. */
import sharp from 'sharp';
import { type Slots, WsiError } from '@wsi-operator/foundation';
import type { PictureCache } from '../../picture-cache.ts';
import { createPixels, type Pixels } from '../../pixels.ts';
import type { SlideStatistics } from '../../slide.ts';
import { readRanges, type ByteSource } from './byte-source.ts';
import { damaged } from './damage.ts';
import { completeJpeg, joinedJpeg, parseTile, type JpegTile } from './jpeg-tile.ts';
import type { TiffLevel } from './level.ts';
import { decodeOther } from './other-tile.ts';

// libvips would keep another 50 MB of what it has decoded; the job's own cache is the one that is bounded by the job.
sharp.cache(false);

export interface TileDecoderParts {
  readonly path: string;
  readonly bytes: ByteSource;
  readonly levels: readonly TiffLevel[];
  readonly fingerprint: string;
  readonly statistics: SlideStatistics;
  readonly cache: PictureCache | undefined;
  readonly slots: Slots;
}

/** Tiles of a level as they are in the file; empty for those that were never written. */
interface RawTiles {
  readonly levelIndex: number;
  readonly indices: readonly number[];
  readonly raw: readonly Buffer[];
}

export class TileDecoder {
  readonly #parts: TileDecoderParts;

  constructor(parts: TileDecoderParts) {
    this.#parts = parts;
  }

  /** Whole tiles, in the order of `indices` (row by row in the level). Those in the cache are taken from there. */
  tiles(level: number, indices: readonly number[]): Promise<Pixels[]> {
    const { cache, fingerprint, statistics } = this.#parts;
    if (cache === undefined) return this.#decode(level, indices);
    const keys = indices.map((index) => `${fingerprint}/${level}/${index}`);
    const found = keys.map((key) => cache.find(key, statistics));
    const missing = indices.filter((_, at) => found[at] === undefined);
    if (missing.length > 0) {
      const decoding = this.#decode(level, missing);
      let next = 0;
      for (const [at, key] of keys.entries()) {
        if (found[at] !== undefined) continue;
        const place = next++;
        const picture = decoding.then((pictures) => pictures[place]!);
        found[at] = picture;
        cache.put(key, picture);
      }
    }
    return Promise.all(found.map((picture) => picture!));
  }

  #decode(levelIndex: number, indices: readonly number[]): Promise<Pixels[]> {
    const { bytes, levels, slots, statistics } = this.#parts;
    const level = levels[levelIndex]!;
    const read = async (): Promise<Buffer[]> => {
      const started = performance.now();
      const ranges = indices.map((index) => ({
        position: level.offsets[index]!,
        length: level.byteCounts[index]!,
      }));
      const raw = await readRanges(bytes, ranges);
      statistics.readSeconds += (performance.now() - started) / 1000;
      return raw;
    };
    // Who waits for a network holds up nobody who decodes.
    const ahead = bytes.remote ? read() : undefined;
    ahead?.catch(() => undefined);
    return slots.run(async () => {
      const raw = await (ahead ?? read());
      const started = performance.now();
      const pictures =
        level.coding.kind === 'jpeg' && raw.every(({ length }) => length > 0)
          ? await this.#decodeJpegs(level, { levelIndex, indices, raw })
          : await this.#decodeEach(level, { levelIndex, indices, raw });
      statistics.decodeSeconds += (performance.now() - started) / 1000;
      return pictures;
    });
  }

  async #decodeJpegs(level: TiffLevel, { levelIndex, indices, raw }: RawTiles): Promise<Pixels[]> {
    const tiles = raw.map((data, at) => this.#parse(level, levelIndex, indices[at]!, data));
    const joined = await this.#decodeJoined(level, tiles);
    return joined ?? (await this.#decodeApart(level, levelIndex, indices, tiles));
  }

  /** One by one, where there are some that were never written, or that are not plain JPEG. */
  async #decodeEach(level: TiffLevel, { levelIndex, indices, raw }: RawTiles): Promise<Pixels[]> {
    const { tileWidth: width, tileHeight: height, coding } = level;
    const pictures: Pixels[] = [];
    for (const [at, data] of raw.entries()) {
      const index = indices[at]!;
      if (data.length === 0) pictures.push(createPixels(width, height));
      else if (coding.kind === 'jpeg') {
        pictures.push(...(await this.#decodeJpegs(level, { levelIndex, indices: [index], raw: [data] })));
      } else {
        // Of a tile that is larger than the picture, what is not padding.
        const kept = { width: Math.min(width, level.width), height: Math.min(height, level.height) };
        const decoded = await decodeOther(data, coding, { width, height, kept }).catch((error: unknown) => {
          throw this.#damagedTile(levelIndex, index, error);
        });
        pictures.push({ ...kept, data: decoded });
      }
    }
    return pictures;
  }

  #parse(level: TiffLevel, levelIndex: number, index: number, data: Buffer): JpegTile {
    try {
      return parseTile(data, level.tileWidth, level.tileHeight);
    } catch (error) {
      throw this.#damagedTile(levelIndex, index, error);
    }
  }

  async #decodeJoined(level: TiffLevel, tiles: readonly JpegTile[]): Promise<Pixels[] | undefined> {
    const jpeg = tiles.length > 1 ? joinedJpeg(prefixOf(level), tiles) : undefined;
    if (jpeg === undefined) return undefined;
    const { tileWidth: width, tileHeight: height } = level;
    // One damaged tile spoils the joint picture; decoding one by one then finds out which.
    const all = await decodeJpeg(jpeg, width, height * tiles.length).catch(() => undefined);
    if (all === undefined) return undefined;
    const size = width * height * 3;
    const copy = this.#parts.cache !== undefined;
    return tiles.map((_, at) => {
      const part = all.subarray(at * size, (at + 1) * size);
      // A part that outlives the others in the cache would hold the memory of all of them.
      return { width, height, data: copy ? new Uint8Array(part) : part };
    });
  }

  async #decodeApart(
    level: TiffLevel,
    levelIndex: number,
    indices: readonly number[],
    tiles: readonly JpegTile[],
  ): Promise<Pixels[]> {
    const { tileWidth: width, tileHeight: height } = level;
    const pictures: Pixels[] = [];
    for (const [at, tile] of tiles.entries()) {
      try {
        const data = await decodeJpeg(completeJpeg(prefixOf(level), tile), width, height);
        pictures.push({ width, height, data });
      } catch (error) {
        throw this.#damagedTile(levelIndex, indices[at]!, error);
      }
    }
    return pictures;
  }

  #damagedTile(level: number, index: number, error: unknown): WsiError {
    const reason = error instanceof Error ? error.message : String(error);
    return new WsiError('SlideUnreadable', `Tile ${index} of level ${level} is damaged (${reason.trim()}).`, {
      where: this.#parts.path,
      remedy: 'Copy the slide again from its source, or leave it out of the cohort.',
      cause: error,
    });
  }
}

function prefixOf({ coding }: TiffLevel): Buffer {
  return coding.kind === 'jpeg' ? coding.prefix : Buffer.alloc(0);
}

async function decodeJpeg(jpeg: Buffer, width: number, height: number): Promise<Uint8Array> {
  const limits = { failOn: 'warning', limitInputPixels: width * height } as const;
  const data = await sharp(jpeg, limits).raw().toBuffer();
  if (data.length !== width * height * 3) throw damaged('it has the wrong size');
  return data;
}
