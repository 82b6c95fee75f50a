/**
 * Writes a pyramidal tiled JPEG BigTIFF of any size by streaming: tiles are painted row by row, encoded on the thread
 * pool, and written in a fixed order, so equal pictures give equal bytes. Memory is a few rows of reduced tiles and a
 * bounded cache. The file appears under its name only when it is whole.
 *
 * Tiles that repeat (glass, a periodic texture) carry a key: their pixels, their JPEG bytes and what they become in
 * the levels above are computed once.
 */
import { mkdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openAnew, storageError, syncDirectory, WsiError } from '@wsi-operator/foundation';
import { firstDirectoryPointer, tiffDirectories, tiffHeader, type TiffLevel } from './big-tiff.ts';
import { encodeTile, type JpegOptions, type SplitJpeg } from './jpeg-tile.ts';
import { assembleTile, levelSizes, reduceTile, type LevelSize } from './pyramid.ts';

export interface SourceTile {
  /** Tiles with the same key have the same pixels. */
  readonly key?: string | undefined;
  /** RGB, tileSize * tileSize * 3 bytes; the part outside of the picture is painted too. Not called for a known key. */
  paint(): Uint8Array;
}

export interface TileSource {
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  tile(column: number, row: number): SourceTile;
}

export interface PyramidOptions extends JpegOptions {
  /** Each level is this much smaller than the one before: 2 or 4. */
  readonly levelFactor: 2 | 4;
  /** Micrometres for a level-0 pixel. */
  readonly mpp: number;
  /** The ImageDescription of the first level; Latin-1. */
  readonly description: string;
  readonly signal?: AbortSignal | undefined;
  /** Called after every row of level-0 tiles. */
  readonly onRow?: ((done: number, rows: number) => void) | undefined;
}

export interface WrittenSlide {
  readonly bytes: number;
  readonly levels: readonly { readonly width: number; readonly height: number }[];
}

/** Tiles being encoded or waiting to be written; each holds 200 kB at a tile size of 256. */
const TILES_IN_FLIGHT = 48;
/** Distinct repeated tiles that are remembered; 60 kB each at a tile size of 256. */
const REMEMBERED_TILES = 1024;
const WRITE_BYTES = 1 << 22;

/**
 * @throws WsiError InvalidArgument for impossible sizes, StorageFailed when the disk fails, Cancelled when the signal
 *   aborts; in each case nothing is left under `path` or beside it
 */
export async function writePyramid(
  path: string,
  source: TileSource,
  options: PyramidOptions,
): Promise<WrittenSlide> {
  requireSizes(path, source, options);
  const temporary = `${path}.${process.pid}.tmp`;
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    file = await openAnew(temporary);
    const written = await new PyramidWriter(file, source, options).write();
    await file.sync();
    await file.close();
    file = undefined;
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return written;
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error instanceof WsiError ? error : storageError(path, error);
  }
}

function requireSizes(path: string, { width, height }: TileSource, { tileSize, mpp }: PyramidOptions): void {
  const whole = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side < 2 ** 31);
  if (whole && tileSize >= 16 && tileSize <= 4096 && tileSize % 16 === 0 && mpp > 0) return;
  throw new WsiError('InvalidArgument', `a picture of ${width} x ${height} in tiles of ${tileSize}.`, {
    where: path,
    remedy: 'Sizes are whole numbers from 1; tiles are a multiple of 16 up to 4096 pixels; mpp is positive.',
  });
}

/** What is known of a tile once painted: enough to write it and to build the level above. */
interface PaintedTile {
  readonly key: string | undefined;
  readonly jpeg: Promise<SplitJpeg>;
  /** The tile at the scale of the next level, or undefined on the last one. */
  readonly reduced: Uint8Array | undefined;
}

interface LevelState extends LevelSize, TiffLevel {
  /** Painted rows that still wait for the others of their parents' row. */
  pending: PaintedTile[][];
}

class PyramidWriter {
  readonly #file: FileHandle;
  readonly #source: TileSource;
  readonly #options: PyramidOptions;
  readonly #levels: LevelState[];
  readonly #known = new Map<string, PaintedTile>();
  readonly #families = new Map<string, string>();
  #waiting: { level: LevelState; index: number; jpeg: Promise<SplitJpeg> }[] = [];
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #position = 0;
  #flushed = 0;
  #tables: Buffer | undefined;

  constructor(file: FileHandle, source: TileSource, options: PyramidOptions) {
    this.#file = file;
    this.#source = source;
    this.#options = options;
    this.#levels = levelSizes(source.width, source.height, options).map((size) => ({
      ...size,
      offsets: new Float64Array(size.columns * size.rows),
      byteCounts: new Uint32Array(size.columns * size.rows),
      pending: [],
    }));
  }

  async write(): Promise<WrittenSlide> {
    const { description, signal, onRow } = this.#options;
    await this.#append(tiffHeader(description));
    const rows = this.#levels[0]?.rows ?? 0;
    try {
      for (let row = 0; row < rows; row++) {
        if (signal?.aborted === true) throw cancelled(signal);
        await this.#paintRow(row);
        onRow?.(row + 1, rows);
      }
      await this.#drain(0);
    } finally {
      // When one tile failed, the others must not end as unhandled rejections.
      await Promise.allSettled(this.#waiting.map(({ jpeg }) => jpeg));
    }
    await this.#append(Buffer.alloc((8 - (this.#position % 8)) % 8));
    const directoriesAt = this.#position;
    const jpegTables = this.#tables ?? Buffer.alloc(0);
    await this.#append(
      tiffDirectories({ ...this.#options, jpegTables, levels: this.#levels }, directoriesAt),
    );
    await this.#flush();
    const pointer = firstDirectoryPointer(directoriesAt);
    await writeAll(this.#file, pointer.bytes, pointer.position);
    return { bytes: this.#position, levels: this.#levels.map(({ width, height }) => ({ width, height })) };
  }

  async #paintRow(row: number): Promise<void> {
    const level = this.#levels[0];
    if (level === undefined) return;
    const tiles: PaintedTile[] = [];
    for (let column = 0; column < level.columns; column++) {
      const { key, paint } = bound(this.#source.tile(column, row));
      tiles.push(await this.#emit(0, row * level.columns + column, key, paint));
    }
    await this.#rowDone(0, row, tiles);
  }

  /** Hands a finished row to the level above, which makes its own row once it has all children. */
  async #rowDone(levelIndex: number, row: number, tiles: PaintedTile[]): Promise<void> {
    const level = this.#levels[levelIndex];
    const parent = this.#levels[levelIndex + 1];
    if (level === undefined || parent === undefined) return;
    const factor = this.#options.levelFactor;
    level.pending.push(tiles);
    if (level.pending.length < factor && row !== level.rows - 1) return;
    const children = level.pending;
    level.pending = [];
    const parentRow = Math.floor(row / factor);
    // Rounding sizes down can leave a last row of children without a parent.
    if (parentRow >= parent.rows) return;
    const made: PaintedTile[] = [];
    for (let column = 0; column < parent.columns; column++) {
      const family: (PaintedTile | undefined)[] = [];
      for (let y = 0; y < factor; y++) {
        for (let x = 0; x < factor; x++) family.push(children[y]?.[column * factor + x]);
      }
      const paint = (): Uint8Array =>
        assembleTile(
          family.map((child) => child?.reduced),
          this.#options.tileSize,
          factor,
        );
      const index = parentRow * parent.columns + column;
      made.push(await this.#emit(levelIndex + 1, index, this.#familyKey(levelIndex + 1, family), paint));
    }
    await this.#rowDone(levelIndex + 1, parentRow, made);
  }

  async #emit(
    levelIndex: number,
    index: number,
    key: string | undefined,
    paint: () => Uint8Array,
  ): Promise<PaintedTile> {
    const level = this.#levels[levelIndex];
    if (level === undefined) throw new WsiError('Internal', `there is no level ${levelIndex}.`);
    let tile = key === undefined ? undefined : this.#known.get(key);
    if (tile === undefined) {
      tile = this.#encode(levelIndex, key, paint());
      if (key !== undefined) this.#remember(key, tile);
    }
    this.#waiting.push({ level, index, jpeg: tile.jpeg });
    if (this.#waiting.length >= TILES_IN_FLIGHT) await this.#drain(TILES_IN_FLIGHT / 2);
    return tile;
  }

  /** The key of a tile whose children all have one; a number, so that it stays short however many levels are stacked. */
  #familyKey(level: number, family: readonly (PaintedTile | undefined)[]): string | undefined {
    const keys: string[] = [];
    for (const child of family) {
      if (child !== undefined && child.key === undefined) return undefined;
      keys.push(child?.key ?? '');
    }
    const name = `${level}(${keys.join()})`;
    let key = this.#families.get(name);
    if (key === undefined) {
      key = `${level}#${this.#families.size}`;
      this.#families.set(name, key);
    }
    return key;
  }

  #encode(levelIndex: number, key: string | undefined, pixels: Uint8Array): PaintedTile {
    const { tileSize, levelFactor } = this.#options;
    const jpeg = encodeTile(pixels, this.#options);
    // It is awaited later, in the order of the file; until then a failure has no handler of its own.
    jpeg.catch(() => undefined);
    const isLast = levelIndex === this.#levels.length - 1;
    return { key, jpeg, reduced: isLast ? undefined : reduceTile(pixels, tileSize, levelFactor) };
  }

  #remember(key: string, tile: PaintedTile): void {
    if (this.#known.size >= REMEMBERED_TILES) {
      // The oldest first: what repeats soonest was painted last.
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(key, tile);
  }

  /** Writes the oldest waiting tiles until `left` remain. */
  async #drain(left: number): Promise<void> {
    const ready = this.#waiting.splice(0, Math.max(0, this.#waiting.length - left));
    for (const { level, index, jpeg } of ready) {
      const { tables, tile } = await jpeg;
      this.#tables ??= tables;
      if (!this.#tables.equals(tables)) {
        throw new WsiError('Internal', 'the JPEG encoder changed its tables between two tiles.');
      }
      level.offsets[index] = this.#position;
      level.byteCounts[index] = tile.length;
      await this.#append(tile);
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#chunks.push(bytes);
    this.#chunkBytes += bytes.length;
    this.#position += bytes.length;
    if (this.#chunkBytes >= WRITE_BYTES) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#chunkBytes = 0;
    await writeAll(this.#file, bytes, this.#flushed);
    this.#flushed += bytes.length;
  }
}

function bound(tile: SourceTile): { key: string | undefined; paint: () => Uint8Array } {
  return { key: tile.key, paint: () => tile.paint() };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function cancelled(signal: AbortSignal): WsiError {
  return new WsiError('Cancelled', 'the writing of the slide was stopped.', { cause: signal.reason });
}
