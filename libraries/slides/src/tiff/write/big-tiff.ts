/**
 * The bytes of a BigTIFF container around tiles that are already written: a header, the description right after it
 * (so that a reader of the first kilobyte knows what made the file), and at the end of the file one directory a
 * level. TIFF 6.0, the BigTIFF extension (libtiff), TIFF Technical Note 2 for JPEG.
 */

export interface TiffLevel {
  readonly width: number;
  readonly height: number;
  /** Byte offset of each tile, row by row. */
  readonly offsets: Float64Array;
  readonly byteCounts: Uint32Array;
}

export interface TiffPicture {
  readonly tileSize: number;
  /** Micrometres for a pixel of the first level. */
  readonly mpp: number;
  readonly chroma: '4:2:0' | '4:4:4';
  readonly jpegTables: Uint8Array;
  readonly description: string;
  readonly levels: readonly TiffLevel[];
}

const HEADER_BYTES = 16;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const ASCII = 2;
const UNDEFINED = 7;
const LONG8 = 16;

/** Header and description. Until {@link firstDirectoryPointer} replaces the zero, no reader takes the file for whole. */
export function tiffHeader(description: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('II', 'latin1');
  header.writeUInt16LE(43, 2);
  header.writeUInt16LE(8, 4);
  return aligned(Buffer.concat([header, descriptionBytes(description)]));
}

/** The eight bytes at offset 8 of the file. */
export function firstDirectoryPointer(offset: number): { position: number; bytes: Buffer } {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(offset));
  return { position: 8, bytes };
}

/**
 * The directories of all levels with their arrays, as one block.
 * @param start the byte offset in the file at which the block will be written; a multiple of 8
 */
export function tiffDirectories(picture: TiffPicture, start: number): Buffer {
  const tables = aligned(Buffer.from(picture.jpegTables));
  const blocks: Buffer[] = [];
  let position = start;
  // The tables lie behind the last directory, so that the block begins with the first one.
  const tablesAt =
    start + picture.levels.reduce((sum, level, index) => sum + levelBytes(picture, level, index), 0);
  for (const [index, level] of picture.levels.entries()) {
    const size = levelBytes(picture, level, index);
    const last = index === picture.levels.length - 1;
    const block = directory(
      levelEntries(picture, index, level, tablesAt),
      position,
      last ? 0 : position + size,
    );
    blocks.push(block);
    position += size;
  }
  return Buffer.concat([...blocks, tables]);
}

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** The values themselves; they move out of the entry when longer than 8 bytes. */
  readonly data: Buffer;
  /** Where the values are, when they are not to be written with the directory. */
  readonly offset?: number;
}

function levelEntries(picture: TiffPicture, index: number, level: TiffLevel, tablesAt: number): Entry[] {
  const first = picture.levels[0] ?? level;
  const mpp = (picture.mpp * first.width) / level.width;
  const description = descriptionBytes(picture.description);
  const subsampling = picture.chroma === '4:2:0' ? [2, 2] : [1, 1];
  return [
    longs(254, [index === 0 ? 0 : 1]),
    longs(256, [level.width]),
    longs(257, [level.height]),
    shorts(258, [8, 8, 8]),
    shorts(259, [7]),
    shorts(262, [6]),
    ...(index === 0
      ? [{ tag: 270, type: ASCII, count: description.length, data: description, offset: HEADER_BYTES }]
      : []),
    shorts(277, [3]),
    pixelsPerCentimetre(282, mpp),
    pixelsPerCentimetre(283, mpp),
    shorts(284, [1]),
    shorts(296, [3]),
    longs(322, [picture.tileSize]),
    longs(323, [picture.tileSize]),
    { tag: 324, type: LONG8, count: level.offsets.length, data: offsetBytes(level.offsets) },
    { tag: 325, type: LONG, count: level.byteCounts.length, data: countBytes(level.byteCounts) },
    {
      tag: 347,
      type: UNDEFINED,
      count: picture.jpegTables.length,
      data: Buffer.from(picture.jpegTables),
      offset: tablesAt,
    },
    shorts(530, subsampling),
  ];
}

function levelBytes(picture: TiffPicture, level: TiffLevel, index: number): number {
  return directory(levelEntries(picture, index, level, 0), 0, 0).length;
}

function directory(entries: readonly Entry[], position: number, next: number): Buffer {
  const head = Buffer.alloc(8 + entries.length * 20 + 8);
  head.writeBigUInt64LE(BigInt(entries.length));
  const outside: Buffer[] = [];
  let end = head.length;
  for (const [index, entry] of entries.entries()) {
    const at = 8 + index * 20;
    head.writeUInt16LE(entry.tag, at);
    head.writeUInt16LE(entry.type, at + 2);
    head.writeBigUInt64LE(BigInt(entry.count), at + 4);
    if (entry.data.length <= 8) {
      entry.data.copy(head, at + 12);
    } else if (entry.offset !== undefined) {
      head.writeBigUInt64LE(BigInt(entry.offset), at + 12);
    } else {
      const data = aligned(entry.data);
      head.writeBigUInt64LE(BigInt(position + end), at + 12);
      outside.push(data);
      end += data.length;
    }
  }
  head.writeBigUInt64LE(BigInt(next), head.length - 8);
  return aligned(Buffer.concat([head, ...outside]));
}

function descriptionBytes(description: string): Buffer {
  return Buffer.from(`${description}\0`, 'latin1');
}

function aligned(bytes: Buffer): Buffer {
  const rest = bytes.length % 8;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(8 - rest)]);
}

function shorts(tag: number, values: readonly number[]): Entry {
  const data = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => data.writeUInt16LE(value, index * 2));
  return { tag, type: SHORT, count: values.length, data };
}

function longs(tag: number, values: readonly number[]): Entry {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => data.writeUInt32LE(value, index * 4));
  return { tag, type: LONG, count: values.length, data };
}

function pixelsPerCentimetre(tag: number, mpp: number): Entry {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(Math.round((10000 / mpp) * 1000));
  data.writeUInt32LE(1000, 4);
  return { tag, type: RATIONAL, count: 1, data };
}

function offsetBytes(offsets: Float64Array): Buffer {
  const data = Buffer.alloc(offsets.length * 8);
  offsets.forEach((offset, index) => data.writeBigUInt64LE(BigInt(offset), index * 8));
  return data;
}

function countBytes(counts: Uint32Array): Buffer {
  const data = Buffer.alloc(counts.length * 4);
  counts.forEach((count, index) => data.writeUInt32LE(count, index * 4));
  return data;
}
