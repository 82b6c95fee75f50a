/**
 * RGB tiles to abbreviated JPEG streams: the tables are the same for all tiles of a slide (standard Huffman tables,
 * one quality), so they are written once, in the file's JPEGTables, as scanners do.
 */
import sharp from 'sharp';
import { WsiError } from '@wsi-operator/foundation';

export interface JpegOptions {
  /** Pixels of a tile's side. */
  readonly tileSize: number;
  /** 1 to 100. */
  readonly quality: number;
  readonly chroma: '4:2:0' | '4:4:4';
}

export interface SplitJpeg {
  /** SOI, quantisation and Huffman tables, EOI. */
  readonly tables: Buffer;
  /** The stream without the tables and without the JFIF header, which a tile in a TIFF does not need. */
  readonly tile: Buffer;
}

const SOI = 0xd8;
const EOI = 0xd9;
const DQT = 0xdb;
const DHT = 0xc4;
const SOS = 0xda;
const APP0 = 0xe0;
const COM = 0xfe;

/** @param pixels tileSize * tileSize * 3 bytes of RGB */
export async function encodeTile(pixels: Uint8Array, options: JpegOptions): Promise<SplitJpeg> {
  const { tileSize, quality, chroma } = options;
  const jpeg = await sharp(pixels, { raw: { width: tileSize, height: tileSize, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: chroma, optimiseCoding: false, mozjpeg: false })
    .toBuffer();
  return splitJpeg(jpeg);
}

/** @throws WsiError Internal when the bytes are not a baseline JPEG stream */
export function splitJpeg(jpeg: Buffer): SplitJpeg {
  const tables: Buffer[] = [Buffer.from([0xff, SOI])];
  const tile: Buffer[] = [Buffer.from([0xff, SOI])];
  let position = 2;
  while (position + 4 <= jpeg.length && jpeg[position] === 0xff) {
    const marker = jpeg[position + 1] ?? 0;
    const end = position + 2 + jpeg.readUInt16BE(position + 2);
    if (marker === SOS) {
      tile.push(jpeg.subarray(position));
      tables.push(Buffer.from([0xff, EOI]));
      return { tables: Buffer.concat(tables), tile: Buffer.concat(tile) };
    }
    const segment = jpeg.subarray(position, end);
    if (marker === DQT || marker === DHT) tables.push(segment);
    else if (!(marker >= APP0 && marker <= APP0 + 15) && marker !== COM) tile.push(segment);
    position = end;
  }
  throw new WsiError('Internal', 'the JPEG encoder gave a stream without an image.');
}
