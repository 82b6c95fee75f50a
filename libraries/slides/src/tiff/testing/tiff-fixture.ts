/** Small TIFF files for the tests, byte by byte, in every layout that the reader knows. */
import sharp from 'sharp';
import type { Pixels } from '../../pixels.ts';

export interface TiffFixture {
  readonly littleEndian?: boolean;
  readonly bigTiff?: boolean;
  /** The smaller levels in SubIFDs of the first directory in place of the main chain. */
  readonly subDirectories?: boolean;
  readonly description?: string;
  readonly levels: readonly FixtureLevel[];
  /** Where the last directory of the main chain points: its own offset for a loop. */
  readonly loop?: boolean;
}

export interface FixtureLevel {
  readonly width: number;
  readonly height: number;
  readonly tileSide: number;
  /** JPEG data of the tiles, row by row. */
  readonly tiles: readonly Buffer[];
  readonly jpegTables?: Buffer;
  readonly micrometres?: number;
  /** NewSubfileType; 0 for the first level and 1 for the others by default. */
  readonly subfileType?: number;
  /** Of this page; the first level's is the file's. */
  readonly description?: string;
  /** In place of those that are written else, or beside them. */
  readonly tags?: readonly TiffField[];
  /** XResolution and YResolution per inch, in place of `micrometres`. */
  readonly dotsPerInch?: number;
}

/** A picture with structure at every scale, the same for the same seed. */
export function paintedPixels(width: number, height: number, seed = 1): Pixels {
  const data = new Uint8Array(width * height * 3);
  let state = seed;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const wave = Math.sin(x / 9 + seed) * Math.cos(y / 13);
      const at = (y * width + x) * 3;
      data[at] = 190 + wave * 50 + (state >>> 28);
      data[at + 1] = 120 + wave * 90 + ((x + y) % 23);
      data[at + 2] = 170 + Math.cos((x * y) / 997) * 60 + (state >>> 27);
    }
  }
  return { width, height, data };
}

export interface EncodingOptions {
  readonly tileSide: number;
  readonly chromaSubsampling?: '4:4:4' | '4:2:0';
  /** Takes the tables out of the tiles, as TIFF writers do. */
  readonly sharedTables?: boolean;
  readonly micrometres?: number;
}

export async function encodedLevel(pixels: Pixels, options: EncodingOptions): Promise<FixtureLevel> {
  const { tileSide, chromaSubsampling = '4:4:4', sharedTables = false, micrometres } = options;
  const { width, height } = pixels;
  const columns = Math.ceil(width / tileSide);
  const rows = Math.ceil(height / tileSide);
  const right = columns * tileSide - width;
  const bottom = rows * tileSide - height;
  const padded = await sharp(pixels.data, { raw: { width, height, channels: 3 } })
    .extend({ right, bottom, extendWith: 'copy' })
    .raw()
    .toBuffer();
  const raw = { width: columns * tileSide, height: rows * tileSide, channels: 3 } as const;
  const files: Buffer[] = [];
  for (let tile = 0; tile < columns * rows; tile++) {
    const left = (tile % columns) * tileSide;
    const top = Math.floor(tile / columns) * tileSide;
    const cut = sharp(padded, { raw }).extract({ left, top, width: tileSide, height: tileSide });
    files.push(await cut.jpeg({ quality: 85, chromaSubsampling, optimizeCoding: false }).toBuffer());
  }
  const base = { width, height, tileSide, ...(micrometres === undefined ? {} : { micrometres }) };
  if (!sharedTables) return { ...base, tiles: files };
  const parts = files.map(splitTables);
  return { ...base, tiles: parts.map(({ tile }) => tile), jpegTables: parts[0]!.tables };
}

/** The level's pixels as sharp decodes them, tile by tile. */
export async function decodedLevel(
  level: FixtureLevel,
  whole: readonly Buffer[] = level.tiles,
): Promise<Pixels> {
  const { width, height, tileSide } = level;
  const columns = Math.ceil(width / tileSide);
  const data = new Uint8Array(width * height * 3);
  for (const [index, file] of whole.entries()) {
    const tile = await sharp(file).raw().toBuffer();
    const left = (index % columns) * tileSide;
    const top = Math.floor(index / columns) * tileSide;
    const visible = Math.min(tileSide, width - left) * 3;
    for (let y = 0; y < tileSide && top + y < height; y++) {
      data.set(tile.subarray(y * tileSide * 3, y * tileSide * 3 + visible), ((top + y) * width + left) * 3);
    }
  }
  return { width, height, data };
}

function splitTables(file: Buffer): { tile: Buffer; tables: Buffer } {
  const tables: Buffer[] = [file.subarray(0, 2)];
  const tile: Buffer[] = [file.subarray(0, 2)];
  let at = 2;
  while (file[at + 1] !== 0xda) {
    const end = at + 2 + file.readUInt16BE(at + 2);
    const isTable = file[at + 1] === 0xdb || file[at + 1] === 0xc4;
    (isTable ? tables : tile).push(file.subarray(at, end));
    at = end;
  }
  return {
    tile: Buffer.concat([...tile, file.subarray(at)]),
    tables: Buffer.concat([...tables, Buffer.from([0xff, 0xd9])]),
  };
}

type Value = number | readonly number[] | Buffer;
export interface TiffField {
  readonly tag: number;
  readonly type: 'ascii' | 'bytes' | 'short' | 'offset' | 'rational';
  readonly value: Value;
}

const TYPES = { ascii: 2, bytes: 7, short: 3, rational: 5 } as const;

/** Writes the file: header, tiles, values that do not fit in a directory, directories. */
export function buildTiff(fixture: TiffFixture): Buffer {
  return new TiffBuilder(fixture).build();
}

class TiffBuilder {
  readonly #fixture: TiffFixture;
  readonly #little: boolean;
  readonly #big: boolean;
  readonly #parts: Buffer[] = [];
  #size = 0;

  constructor(fixture: TiffFixture) {
    this.#fixture = fixture;
    this.#little = fixture.littleEndian ?? true;
    this.#big = fixture.bigTiff ?? false;
  }

  build(): Buffer {
    const header = this.#append(Buffer.alloc(this.#big ? 16 : 8));
    const offsets = this.#fixture.levels.map((level) => level.tiles.map((tile) => this.#append(tile)));
    const inside = this.#fixture.subDirectories === true;
    const below = inside
      ? this.#fixture.levels
          .slice(1)
          .map((level, index) => this.#directory(level, offsets[index + 1]!, []).at)
      : [];
    const chain = inside ? this.#fixture.levels.slice(0, 1) : this.#fixture.levels;
    const links = chain.map((level, index) =>
      this.#directory(level, offsets[index]!, index === 0 ? below : []),
    );
    const file = Buffer.concat(this.#parts);
    links.forEach(({ link }, index) => {
      const next = links[index + 1]?.at ?? (this.#fixture.loop === true ? links[0]!.at : 0);
      this.#writeOffset(file, link, next);
    });
    file.write(this.#little ? 'II' : 'MM', header, 'latin1');
    this.#writeShort(file, 2, this.#big ? 43 : 42);
    if (this.#big) this.#writeShort(file, 4, 8);
    this.#writeOffset(file, this.#big ? 8 : 4, links[0]!.at);
    return file;
  }

  #append(part: Buffer): number {
    const at = this.#size;
    const padding = part.length % 2;
    this.#parts.push(part, Buffer.alloc(padding));
    this.#size += part.length + padding;
    return at;
  }

  #directory(
    level: FixtureLevel,
    offsets: readonly number[],
    below: readonly number[],
  ): { at: number; link: number } {
    const main = level === this.#fixture.levels[0];
    const fields: TiffField[] = [
      { tag: 254, type: 'offset', value: level.subfileType ?? (main ? 0 : 1) },
      { tag: 256, type: 'offset', value: level.width },
      { tag: 257, type: 'offset', value: level.height },
      { tag: 258, type: 'short', value: [8, 8, 8] },
      { tag: 259, type: 'short', value: 7 },
      { tag: 262, type: 'short', value: 6 },
      { tag: 277, type: 'short', value: 3 },
      { tag: 284, type: 'short', value: 1 },
      { tag: 322, type: 'offset', value: level.tileSide },
      { tag: 323, type: 'offset', value: level.tileSide },
      { tag: 324, type: 'offset', value: offsets },
      { tag: 325, type: 'offset', value: level.tiles.map((tile) => tile.length) },
    ];
    const description = main ? this.#fixture.description : level.description;
    if (description !== undefined) {
      fields.push({ tag: 270, type: 'ascii', value: Buffer.from(`${description}\0`) });
    }
    if (level.micrometres !== undefined) {
      const perCentimetre = [Math.round(10_000_000 / level.micrometres), 1000];
      fields.push({ tag: 282, type: 'rational', value: perCentimetre });
      fields.push({ tag: 283, type: 'rational', value: perCentimetre });
      fields.push({ tag: 296, type: 'short', value: 3 });
    }
    if (level.dotsPerInch !== undefined) {
      fields.push({ tag: 282, type: 'rational', value: [level.dotsPerInch, 1] });
      fields.push({ tag: 283, type: 'rational', value: [level.dotsPerInch, 1] });
    }
    if (below.length > 0) fields.push({ tag: 330, type: 'offset', value: below });
    if (level.jpegTables !== undefined) fields.push({ tag: 347, type: 'bytes', value: level.jpegTables });
    const own = level.tags ?? [];
    const others = fields.filter(({ tag }) => own.every((field) => field.tag !== tag));
    return this.#writeDirectory([...others, ...own].sort((a, b) => a.tag - b.tag));
  }

  #writeDirectory(fields: readonly TiffField[]): { at: number; link: number } {
    const [countBytes, entryBytes, inline] = this.#big ? [8, 20, 8] : [2, 12, 4];
    const table = Buffer.alloc(countBytes + fields.length * entryBytes + inline);
    if (this.#big) this.#writeOffset(table, 0, fields.length);
    else this.#writeShort(table, 0, fields.length);
    for (const [index, field] of fields.entries()) {
      const entry = countBytes + index * entryBytes;
      const value = this.#encode(field);
      this.#writeShort(table, entry, field.tag);
      this.#writeShort(table, entry + 2, this.#typeOf(field));
      this.#writeOffset(table, entry + 4, this.#count(field));
      if (value.length <= inline) value.copy(table, entry + 4 + inline);
      else this.#writeOffset(table, entry + 4 + inline, this.#append(value));
    }
    const at = this.#append(table);
    return { at, link: at + countBytes + fields.length * entryBytes };
  }

  #typeOf({ type }: TiffField): number {
    return type === 'offset' ? (this.#big ? 16 : 4) : TYPES[type];
  }

  #count({ type, value }: TiffField): number {
    if (typeof value === 'number') return 1;
    return type === 'rational' ? value.length / 2 : value.length;
  }

  #encode({ type, value }: TiffField): Buffer {
    if (Buffer.isBuffer(value)) return value;
    const numbers = typeof value === 'number' ? [value] : value;
    const size = type === 'short' ? 2 : type === 'rational' ? 4 : this.#big ? 8 : 4;
    const bytes = Buffer.alloc(numbers.length * size);
    for (const [index, number] of numbers.entries()) {
      if (type === 'short') this.#writeShort(bytes, index * 2, number);
      else if (type === 'rational') this.#writeLong(bytes, index * 4, number);
      else this.#writeOffset(bytes, index * size, number);
    }
    return bytes;
  }

  #writeShort(target: Buffer, at: number, value: number): void {
    if (this.#little) target.writeUInt16LE(value, at);
    else target.writeUInt16BE(value, at);
  }

  #writeLong(target: Buffer, at: number, value: number): void {
    if (this.#little) target.writeUInt32LE(value, at);
    else target.writeUInt32BE(value, at);
  }

  #writeOffset(target: Buffer, at: number, value: number): void {
    if (!this.#big) this.#writeLong(target, at, value);
    else if (this.#little) target.writeBigUInt64LE(BigInt(value), at);
    else target.writeBigUInt64BE(BigInt(value), at);
  }
}
