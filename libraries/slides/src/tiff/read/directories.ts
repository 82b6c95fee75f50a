/**
 * The directories of a TIFF or BigTIFF file, in either byte order (TIFF 6.0; the BigTIFF extension of libtiff). All
 * that a file says is checked against its size, and against what a slide can need, before anything is allocated, and a
 * loop of directories ends.
 */
/* eslint-disable max-lines -- every bound on what a directory may claim is in one file */
import type { ByteSource } from './byte-source.ts';
import { beyondLimits, damaged } from './damage.ts';

const MAXIMUM_DIRECTORIES = 1024;
const MAXIMUM_ENTRIES = 4096;
/** A slide of a million by a million pixels has 15.3 million tiles of 256 x 256, and a third more on its other levels. */
const MAXIMUM_TILES = 2 ** 25;
/** Of one value that is no list of tiles: the colours of a palette are the longest, 3 x 65,536 numbers. */
const MAXIMUM_NUMBERS = 3 * 2 ** 16;
/** Of one text, or of the tables of JPEG tiles. The longest are OME-XML of thousands of planes. */
const MAXIMUM_TEXT_BYTES = 2 ** 24;
/** What is read of a list at a time: the file's numbers are never in memory beside those that they become. */
const CHUNK_VALUES = 2 ** 17;

export const TAG = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  make: 271,
  model: 272,
  orientation: 274,
  samplesPerPixel: 277,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
  jpegTables: 347,
  predictor: 317,
  colorMap: 320,
  extraSamples: 338,
  sampleFormat: 339,
  ycbcrSubsampling: 530,
} as const;

/** Bytes of one value, by TIFF field type. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1, // BYTE
  2: 1, // ASCII
  3: 2, // SHORT
  4: 4, // LONG
  5: 8, // RATIONAL
  6: 1, // SBYTE
  7: 1, // UNDEFINED
  8: 2, // SSHORT
  9: 4, // SLONG
  10: 8, // SRATIONAL
  11: 4, // FLOAT
  12: 8, // DOUBLE
  13: 4, // IFD
  16: 8, // LONG8
  17: 8, // SLONG8
  18: 8, // IFD8
};

const TILE_TABLES: ReadonlySet<number> = new Set([TAG.tileOffsets, TAG.tileByteCounts]);
/** What is kept of every picture while the slide is open, and may be long. */
const KEPT: ReadonlySet<number> = new Set([...TILE_TABLES, TAG.imageDescription, TAG.jpegTables]);

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the value is in the file (inside the entry when it is small). */
  readonly position: number;
}

export class TiffDirectory {
  readonly position: number;
  readonly #bytes: ByteSource;
  readonly littleEndian: boolean;
  readonly #entries: ReadonlyMap<number, Entry>;

  constructor(
    bytes: ByteSource,
    position: number,
    entries: ReadonlyMap<number, Entry>,
    littleEndian: boolean,
  ) {
    this.position = position;
    this.#bytes = bytes;
    this.littleEndian = littleEndian;
    this.#entries = entries;
  }

  /** Where the values of all tags are in the file, in bytes; those inside an entry too. */
  *values(): Generator<{ readonly tag: number; readonly position: number; readonly length: number }> {
    for (const [tag, entry] of this.#entries) {
      yield { tag, position: entry.position, length: bytesOf(entry) };
    }
  }

  has(tag: number): boolean {
    return this.#entries.has(tag);
  }

  /** How many values a tag has; 0 when it is not there. */
  count(tag: number): number {
    return this.#entries.get(tag)?.count ?? 0;
  }

  /** The raw bytes of a tag's value, or undefined; {@link MAXIMUM_TEXT_BYTES} at most. */
  async bytes(tag: number): Promise<Buffer | undefined> {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return undefined;
    const length = bytesOf(entry);
    if (length > MAXIMUM_TEXT_BYTES) throw beyondLimits(`tag ${tag} has ${length} bytes`);
    return this.#bytes.read(entry.position, length);
  }

  /** The values of a numeric tag; empty when it is not there. 64-bit ones beyond 2^53 are refused. */
  async numbers(tag: number): Promise<Float64Array> {
    const entry = this.#entries.get(tag);
    if (entry === undefined) return new Float64Array(0);
    const { count } = entry;
    const most = TILE_TABLES.has(tag) ? MAXIMUM_TILES : MAXIMUM_NUMBERS;
    if (count > most) throw beyondLimits(`tag ${tag} has ${count} values`);
    // Before the memory is taken.
    const end = entry.position + bytesOf(entry);
    if (end > this.#bytes.size)
      throw damaged(`tag ${tag} ends at byte ${end}, the file at ${this.#bytes.size}`);
    const values = new Float64Array(count);
    for (let first = 0; first < count; first += CHUNK_VALUES) {
      await this.#fill(values.subarray(first, Math.min(first + CHUNK_VALUES, count)), entry, first);
    }
    return values;
  }

  /** The first value of a numeric tag, or `fallback`; the others are not read. */
  async number(tag: number, fallback: number): Promise<number> {
    const entry = this.#entries.get(tag);
    if (entry === undefined || entry.count === 0) return fallback;
    const values = new Float64Array(1);
    await this.#fill(values, entry, 0);
    return values[0]!;
  }

  async #fill(values: Float64Array, { type, position }: Entry, first: number): Promise<void> {
    const size = TYPE_BYTES[type] ?? 0;
    const raw = await this.#bytes.read(position + first * size, values.length * size);
    const view = viewOf(raw);
    for (let index = 0; index < values.length; index++) {
      values[index] = numberAt(view, index * size, type, this.littleEndian);
    }
  }

  /** An ASCII tag up to its first NUL, or undefined. */
  async text(tag: number): Promise<string | undefined> {
    const raw = await this.bytes(tag);
    if (raw === undefined) return undefined;
    const end = raw.indexOf(0);
    return raw.toString('utf8', 0, end < 0 ? raw.length : end);
  }
}

function bytesOf({ type, count }: Entry): number {
  return count * (TYPE_BYTES[type] ?? 0);
}

function numberAt(view: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, little);
    case 4:
    case 13:
      return view.getUint32(at, little);
    case 5:
      return view.getUint32(at, little) / view.getUint32(at + 4, little);
    case 8:
      return view.getInt16(at, little);
    case 9:
      return view.getInt32(at, little);
    case 10:
      return view.getInt32(at, little) / view.getInt32(at + 4, little);
    case 11:
      return view.getFloat32(at, little);
    case 12:
      return view.getFloat64(at, little);
    case 16:
    case 17:
    case 18:
      return wholeNumber(view.getBigUint64(at, little));
    default:
      return view.getUint8(at);
  }
}

export interface TiffFile {
  readonly bigTiff: boolean;
  /** The main chain of directories, in the file's order. */
  readonly directories: readonly TiffDirectory[];
  /** For each main directory, those of its SubIFDs tag. */
  readonly subDirectories: readonly (readonly TiffDirectory[])[];
}

/**
 * @returns undefined when the file is not a TIFF
 * @throws WsiError SlideUnreadable for a TIFF that is cut off, loops, or claims absurd things
 */
export async function readTiff(bytes: ByteSource): Promise<TiffFile | undefined> {
  if (bytes.size < 8) return undefined;
  const header = await bytes.read(0, Math.min(16, bytes.size));
  const order = header.toString('latin1', 0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const little = order === 'II';
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const magic = view.getUint16(2, little);
  if (magic !== 42 && magic !== 43) return undefined;
  const bigTiff = magic === 43;
  if (bigTiff && (header.length < 16 || view.getUint16(4, little) !== 8))
    throw damaged('its header is wrong');
  const first = bigTiff ? wholeNumber(view.getBigUint64(8, little)) : view.getUint32(4, little);

  const walk = new DirectoryWalk(bytes, bigTiff, little);
  const directories = await walk.chain(first);
  const subDirectories: TiffDirectory[][] = [];
  for (const directory of directories) subDirectories.push(await walk.below(directory));
  requireOwnTables([...directories, ...subDirectories.flat()], bytes.size);
  return { bigTiff, directories, subDirectories };
}

/**
 * Each picture has lists of tiles and a text of its own. A thousand directories that point at the same ones would be a
 * thousand times the file in memory.
 */
function requireOwnTables(directories: readonly TiffDirectory[], fileSize: number): void {
  let [listed, bytes] = [0, 0];
  for (const directory of directories) {
    listed += directory.count(TAG.tileOffsets);
    for (const { tag, length } of directory.values()) {
      if (KEPT.has(tag)) bytes += length;
    }
  }
  if (listed > MAXIMUM_TILES) throw beyondLimits(`it lists ${listed} tiles`);
  if (bytes > fileSize + MAXIMUM_TEXT_BYTES) {
    throw beyondLimits(
      `its directories have ${bytes} bytes of lists and texts, and the file has ${fileSize}`,
    );
  }
}

class DirectoryWalk {
  readonly #bytes: ByteSource;
  readonly #big: boolean;
  readonly #little: boolean;
  readonly #visited = new Set<number>();

  constructor(bytes: ByteSource, big: boolean, little: boolean) {
    this.#bytes = bytes;
    this.#big = big;
    this.#little = little;
  }

  async chain(first: number): Promise<TiffDirectory[]> {
    const found: TiffDirectory[] = [];
    let position = first;
    while (position !== 0) {
      const { directory, next } = await this.#read(position);
      found.push(directory);
      position = next;
    }
    if (found.length === 0) throw damaged('it has no picture');
    return found;
  }

  async below(directory: TiffDirectory): Promise<TiffDirectory[]> {
    if (directory.count(TAG.subDirectories) > MAXIMUM_DIRECTORIES)
      throw beyondLimits('it has too many SubIFDs');
    const found: TiffDirectory[] = [];
    for (const position of await directory.numbers(TAG.subDirectories)) {
      if (position === 0) continue; // None, as some programs write it.
      found.push((await this.#read(position)).directory);
    }
    return found;
  }

  async #read(position: number): Promise<{ directory: TiffDirectory; next: number }> {
    if (this.#visited.has(position)) throw damaged('its directories form a loop');
    if (this.#visited.size >= MAXIMUM_DIRECTORIES) throw beyondLimits('it has too many directories');
    this.#visited.add(position);
    const countBytes = this.#big ? 8 : 2;
    const entryBytes = this.#big ? 20 : 12;
    const offsetBytes = this.#big ? 8 : 4;
    const countView = viewOf(await this.#bytes.read(position, countBytes));
    const count = this.#big
      ? wholeNumber(countView.getBigUint64(0, this.#little))
      : countView.getUint16(0, this.#little);
    if (count > MAXIMUM_ENTRIES) throw beyondLimits(`a directory has ${count} entries`);
    const start = position + countBytes;
    const table = viewOf(await this.#bytes.read(start, count * entryBytes + offsetBytes));
    const entries = new Map<number, Entry>();
    for (let index = 0; index < count; index++) {
      const tag = table.getUint16(index * entryBytes, this.#little);
      const entry = this.#entry(table, index * entryBytes, start);
      if (entry !== undefined) entries.set(tag, entry);
    }
    const next = this.#offset(table, count * entryBytes);
    return { directory: new TiffDirectory(this.#bytes, position, entries, this.#little), next };
  }

  /** Undefined for a field type that is not known: readers must skip those. */
  #entry(table: DataView, at: number, tableStart: number): Entry | undefined {
    const type = table.getUint16(at + 2, this.#little);
    const size = TYPE_BYTES[type];
    if (size === undefined) return undefined;
    const count = this.#offset(table, at + 4);
    const valueAt = at + (this.#big ? 12 : 8);
    const inside = count * size <= (this.#big ? 8 : 4);
    return { type, count, position: inside ? tableStart + valueAt : this.#offset(table, valueAt) };
  }

  #offset(view: DataView, at: number): number {
    return this.#big ? wholeNumber(view.getBigUint64(at, this.#little)) : view.getUint32(at, this.#little);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function wholeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(`it refers to byte ${value}`);
  return Number(value);
}
