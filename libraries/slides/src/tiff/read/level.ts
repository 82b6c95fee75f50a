/** The tiles of one picture of a TIFF: where they are, and how they are coded. */
import { damaged } from './damage.ts';
import { TAG, type TiffDirectory } from './directories.ts';
import { jpegPrefix } from './jpeg-tile.ts';
import type { TiffPicture } from './picture.ts';
import { depthText, WORD_BITS } from './sample-depth.ts';

export interface TiffLevel {
  /** Pixels that lie on the slide; the picture may have more, which are padding. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels for one pixel. */
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  /** Of the tiles, row by row: where each begins in the file, and how long it is; 0 for one that was not written. */
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  readonly coding: TileCoding;
}

export type TileCoding =
  | {
      readonly kind: 'jpeg';
      /** What each tile's JPEG data must begin with. */
      readonly prefix: Buffer;
    }
  | ({ readonly kind: 'other' } & OtherCoding);

/** A tile that is shown to libtiff as a TIFF of its own. */
export interface OtherCoding {
  readonly compression: number;
  readonly predictor: number;
  readonly photometric: number;
  readonly samples: number;
  readonly bits: number;
  /** Of each value, those from the lowest on that are used; {@link bits} but for words that are not filled. */
  readonly usedBits: number;
  readonly littleEndian: boolean;
  /** ExtraSamples: 1 and 2 are alpha. */
  readonly extra: Float64Array;
  /** Red, green and blue of a palette, one after the other, 16 bits each. */
  readonly colours: Float64Array | undefined;
  readonly jpegTables: Buffer | undefined;
  /** Horizontal and vertical, of the chroma. */
  readonly subsampling: readonly [number, number];
}

export const COMPRESSION = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32_773,
  deflateOld: 32_946,
  zstd: 50_000,
  webp: 50_001,
} as const;
const NAMES: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  33003: 'JPEG 2000',
  33004: 'JPEG 2000',
  33005: 'JPEG 2000',
  34712: 'JPEG 2000',
  34892: 'lossy JPEG (DNG)',
  34925: 'LZMA',
  48124: 'WDP',
  22610: 'JPEG XR',
  34934: 'JPEG XR',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};

export const PHOTOMETRIC = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, palette: 3, ycbcr: 6 } as const;
/** SampleFormat: whole numbers from 0. Others are signed or have a fraction. */
export const UNSIGNED = 1;
export const NOT_UNSIGNED = 'its values are no whole numbers from 0';
const MAXIMUM_SIDE = 2 ** 31 - 1;
/** Of a tile that this reader decodes: its pixels pass through memory, 0.8 GB of them. */
const MAXIMUM_TILE_SIDE = 16_384;
/** Of JPEG tiles, which are decoded in several at a time. */
const MAXIMUM_JPEG_SIDE = 8192;
const MAXIMUM_TILE_BYTES = 2 ** 26;

/**
 * @param depth how many bits of 16 the file says that values have
 * @returns the reason when this reader cannot decode the picture
 * @throws TiffDamage when the file contradicts itself or refers to bytes that it does not have
 */
export async function readLevel(
  picture: TiffPicture,
  fileSize: number,
  depth?: number,
): Promise<TiffLevel | string> {
  const { directory, width, height, tile } = picture;
  if (tile === undefined) return 'the TIFF has no tiles';
  for (const side of [width, height]) requireSide(side, 'picture');
  for (const side of [tile.width, tile.height]) {
    requireSide(side, 'tile');
    if (side > MAXIMUM_TILE_SIDE) return `its tiles are ${tile.width} x ${tile.height} pixels`;
  }
  const coding = await codingOf(directory, depth);
  if (typeof coding === 'string') return coding;
  if (coding.kind === 'jpeg' && Math.max(tile.width, tile.height) > MAXIMUM_JPEG_SIDE) {
    return `its JPEG tiles are ${tile.width} x ${tile.height} pixels`;
  }
  const columns = Math.ceil(width / tile.width);
  const rows = Math.ceil(height / tile.height);
  const count = columns * rows;
  for (const tag of [TAG.tileOffsets, TAG.tileByteCounts]) {
    // Before the values are read: their number is bounded by the file's size, the claimed picture's is not.
    const listed = directory.count(tag);
    const what = `it lists ${listed} tiles for a picture of ${columns} x ${rows} tiles`;
    if (listed < count) throw damaged(what);
    if (listed > count) return what;
  }
  const offsets = await directory.numbers(TAG.tileOffsets);
  const byteCounts = await directory.numbers(TAG.tileByteCounts);
  const reason = checkPlaces(offsets, byteCounts, fileSize);
  if (reason !== undefined) return reason;
  const size = { width, height, tileWidth: tile.width, tileHeight: tile.height };
  return { ...size, downsample: 1, columns, rows, offsets, byteCounts, coding };
}

/** @returns why this reader does not take them @throws TiffDamage when the file does not have them */
function checkPlaces(offsets: Float64Array, byteCounts: Float64Array, fileSize: number): string | undefined {
  for (let index = 0; index < byteCounts.length; index++) {
    const length = byteCounts[index]!;
    const end = offsets[index]! + length;
    if (length > 0 && end > fileSize) {
      throw damaged(`tile ${index} of ${byteCounts.length} ends at byte ${end}, the file at ${fileSize}`);
    }
    if (length > MAXIMUM_TILE_BYTES) return `a tile has ${length} bytes`;
  }
  if (byteCounts.every((length) => length === 0)) throw damaged('none of its tiles was written');
  return undefined;
}

/** Whether tiles were never written: they are background. */
export function hasMissingTiles({ byteCounts }: TiffLevel): boolean {
  return byteCounts.includes(0);
}

async function codingOf(directory: TiffDirectory, depth: number | undefined): Promise<TileCoding | string> {
  const compression = await directory.number(TAG.compression, 1);
  const photometric = await directory.number(TAG.photometric, -1);
  const samples = await directory.number(TAG.samplesPerPixel, 1);
  const bits = await bitsOf(directory);
  const planes = await directory.number(TAG.planarConfiguration, 1);
  const jpegTables = await directory.bytes(TAG.jpegTables);
  const colour = isColour(photometric);
  const plain =
    colour && samples === 3 && bits.length > 0 && bits.every((value) => value === 8) && planes === 1;
  if (compression === COMPRESSION.jpeg && plain) {
    return { kind: 'jpeg', prefix: jpegPrefix(jpegTables, photometric === PHOTOMETRIC.ycbcr) };
  }
  const formats = await directory.numbers(TAG.sampleFormat);
  const reason =
    unknownCoding({ compression, photometric }) ??
    (await unknownStorage(directory, { planes, samples })) ??
    unknownChannels({ colour, samples, bits, formats });
  if (reason !== undefined) return reason;
  const usedBits = usedBitsOf(bits[0]!, photometric, depth);
  if (usedBits < bits[0]! && samples % 2 === 0) return `${depthText(usedBits)}, and one channel is opacity`;
  const [across = 2, down = 2] = await directory.numbers(TAG.ycbcrSubsampling);
  return {
    kind: 'other',
    compression,
    photometric,
    samples,
    bits: bits[0]!,
    usedBits,
    predictor: await directory.number(TAG.predictor, 1),
    littleEndian: directory.littleEndian,
    extra: await directory.numbers(TAG.extraSamples),
    colours: await coloursOf(directory, photometric),
    jpegTables,
    subsampling: [across, down],
  };
}

/** Numbers of a palette's colours are no values. */
function usedBitsOf(bits: number, photometric: number, depth: number | undefined): number {
  return bits === WORD_BITS && photometric !== PHOTOMETRIC.palette ? (depth ?? bits) : bits;
}

async function coloursOf(directory: TiffDirectory, photometric: number): Promise<Float64Array | undefined> {
  return photometric === PHOTOMETRIC.palette ? directory.numbers(TAG.colorMap) : undefined;
}

/** As many as a pixel has channels; one of one bit where nothing is said. */
export async function bitsOf(directory: TiffDirectory): Promise<Float64Array> {
  const bits = await directory.numbers(TAG.bitsPerSample);
  return bits.length > 0 ? bits : Float64Array.of(1);
}

function isColour(photometric: number): boolean {
  return photometric === PHOTOMETRIC.rgb || photometric === PHOTOMETRIC.ycbcr;
}

function unknownCoding(of: {
  readonly compression: number;
  readonly photometric: number;
}): string | undefined {
  const { compression, photometric } = of;
  if (!Object.values<number>(COMPRESSION).includes(compression)) {
    const name = NAMES[compression] ?? 'in an unknown coding';
    return `its tiles are ${name} (compression ${compression})`;
  }
  if (Object.values<number>(PHOTOMETRIC).includes(photometric)) return undefined;
  return `its pixels are no RGB (photometric ${photometric})`;
}

async function unknownStorage(
  directory: TiffDirectory,
  { planes, samples }: { readonly planes: number; readonly samples: number },
): Promise<string | undefined> {
  if (planes !== 1 && samples > 1) return 'its channels are stored apart';
  return (await directory.number(TAG.fillOrder, 1)) === 1 ? undefined : 'the bits of its bytes are reversed';
}

function unknownChannels(of: {
  readonly colour: boolean;
  readonly samples: number;
  readonly bits: Float64Array;
  readonly formats: Float64Array;
}): string | undefined {
  const { colour, samples, bits, formats } = of;
  const [depth] = bits;
  const known = (depth === 8 || depth === 16) && bits.every((value) => value === depth);
  if (!known) return `its channels have ${[...new Set(bits)].join(', ') || 'no'} bits`;
  if (formats.some((format) => format !== UNSIGNED)) return NOT_UNSIGNED;
  const possible = colour ? [3, 4] : [1, 2];
  return possible.includes(samples) ? undefined : `its pixels have ${samples} channels`;
}

function requireSide(value: number, what: string): void {
  if (!(value >= 1 && value <= MAXIMUM_SIDE)) throw damaged(`a ${what} is ${value} pixels long`);
}
