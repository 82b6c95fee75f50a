/** Finds the pyramid in a TIFF's directories and decides whether the fast path can read it. */
import { damaged, TAG, type TiffDirectory, type TiffFile } from './directories.ts';
import { jpegPrefix } from './jpeg-tile.ts';

export interface TiffLevel {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  /** Of the tiles, row by row: where each begins in the file, and how long it is. */
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  /** What each tile's JPEG data must begin with. */
  readonly prefix: Buffer;
}

export interface TiffLayout {
  readonly main: TiffDirectory;
  readonly levels: readonly TiffLevel[];
  /** Whether the levels are SubIFDs of the first directory, as in OME-TIFF. */
  readonly subDirectories: boolean;
}

const JPEG = 7;
const PHOTOMETRIC_RGB = 2;
const PHOTOMETRIC_YCBCR = 6;
/** Set in NewSubfileType for pages that are masks. */
const MASK = 4;
const MAXIMUM_SIDE = 2 ** 31 - 1;
const MAXIMUM_TILE_SIDE = 8192;
const MAXIMUM_TILE_BYTES = 2 ** 26;

/**
 * @returns the levels from fine to coarse, or the reason why the fast path does not read this file
 * @throws TiffDamage when the file contradicts itself or refers to bytes that it does not have
 */
export async function tiffLayout(file: TiffFile, fileSize: number): Promise<TiffLayout | string> {
  const main = file.directories[0]!;
  if (!main.has(TAG.tileWidth)) return 'the TIFF has no tiles';
  const inside = file.subDirectories[0]!;
  const candidates = [main, ...(inside.length > 0 ? inside : file.directories.slice(1))];
  const levels: TiffLevel[] = [];
  for (const directory of candidates) {
    // Pages without tiles are the label, the macro picture and the like.
    if (!directory.has(TAG.tileWidth)) continue;
    if (((await directory.number(TAG.newSubfileType, 0)) & MASK) !== 0) continue;
    const level = await readLevel(directory, fileSize);
    if (typeof level === 'string') return level;
    levels.push(level);
  }
  levels.sort((a, b) => b.width - a.width);
  const reason = notAPyramid(levels);
  return reason ?? { main, levels, subDirectories: inside.length > 0 };
}

/** The pages of a stack or a multi-position file are tiled too, but are not levels of one picture. */
function notAPyramid(levels: readonly TiffLevel[]): string | undefined {
  const first = levels[0]!;
  for (const [index, level] of levels.entries()) {
    const previous = levels[index - 1];
    if (previous !== undefined && level.width >= previous.width)
      return 'two of its tiled pictures have the same size';
    const ratio = first.width / level.width / (first.height / level.height);
    // Rounded sizes of small levels differ by one pixel.
    const tolerance = 1.5 / level.width + 1.5 / level.height + 0.01;
    if (Math.abs(ratio - 1) > tolerance) return 'its tiled pictures have different shapes';
  }
  return undefined;
}

async function readLevel(directory: TiffDirectory, fileSize: number): Promise<TiffLevel | string> {
  const width = await directory.number(TAG.imageWidth, 0);
  const height = await directory.number(TAG.imageLength, 0);
  const tileWidth = await directory.number(TAG.tileWidth, 0);
  const tileHeight = await directory.number(TAG.tileLength, 0);
  requireSide(width, MAXIMUM_SIDE, 'picture');
  requireSide(height, MAXIMUM_SIDE, 'picture');
  requireSide(tileWidth, MAXIMUM_TILE_SIDE, 'tile');
  requireSide(tileHeight, MAXIMUM_TILE_SIDE, 'tile');
  const reason = await unsupported(directory);
  if (reason !== undefined) return reason;

  const columns = Math.ceil(width / tileWidth);
  const rows = Math.ceil(height / tileHeight);
  const count = columns * rows;
  for (const tag of [TAG.tileOffsets, TAG.tileByteCounts]) {
    // Before the values are read: their number is bounded by the file's size, the claimed picture's is not.
    if (directory.count(tag) !== count) {
      throw damaged(`it lists ${directory.count(tag)} tiles for a picture of ${columns} x ${rows} tiles`);
    }
  }
  const offsets = await directory.numbers(TAG.tileOffsets);
  const byteCounts = await directory.numbers(TAG.tileByteCounts);
  for (let tile = 0; tile < count; tile++) {
    const length = byteCounts[tile]!;
    if (length === 0) return 'some of its tiles are missing';
    if (length > MAXIMUM_TILE_BYTES) throw damaged(`tile ${tile} claims ${length} bytes`);
    if (offsets[tile]! + length > fileSize) {
      throw damaged(
        `tile ${tile} of ${count} ends at byte ${offsets[tile]! + length}, the file at ${fileSize}`,
      );
    }
  }
  const ycbcr = (await directory.number(TAG.photometric, 0)) === PHOTOMETRIC_YCBCR;
  const prefix = jpegPrefix(await directory.bytes(TAG.jpegTables), ycbcr);
  return { width, height, tileWidth, tileHeight, columns, rows, offsets, byteCounts, prefix };
}

async function unsupported(directory: TiffDirectory): Promise<string | undefined> {
  const compression = await directory.number(TAG.compression, 1);
  if (compression !== JPEG) return `its tiles are not JPEG (compression ${compression})`;
  const photometric = await directory.number(TAG.photometric, 0);
  if (photometric !== PHOTOMETRIC_RGB && photometric !== PHOTOMETRIC_YCBCR) return 'its pixels are not RGB';
  if ((await directory.number(TAG.samplesPerPixel, 1)) !== 3) return 'its pixels do not have 3 channels';
  const bits = await directory.numbers(TAG.bitsPerSample);
  if (bits.length === 0 || bits.some((value) => value !== 8)) return 'its channels do not have 8 bits';
  if ((await directory.number(TAG.planarConfiguration, 1)) !== 1) return 'its channels are stored apart';
  return undefined;
}

function requireSide(value: number, maximum: number, what: string): void {
  if (!(value >= 1 && value <= maximum)) throw damaged(`a ${what} is ${value} pixels long`);
}
