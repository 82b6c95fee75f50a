/** Tiles that are not plain JPEG: each is given to libtiff (in sharp) as a TIFF of its own. */
import sharp from 'sharp';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { damaged } from './damage.ts';
import { COMPRESSION, PHOTOMETRIC, type OtherCoding } from './level.ts';
import { upperBits } from './sample-depth.ts';

interface Side {
  readonly width: number;
  readonly height: number;
}

/** A tile's size, and the part at its upper left that is wanted. */
interface TileSize extends Side {
  readonly kept: Side;
}

const ASCENDING = 1;
const HORIZONTAL_PREDICTOR = 2;
const TYPE = { short: 3, long: 4, undefined: 7 } as const;

/** @returns RGB, 8 bits a channel; transparent pixels are white */
export async function decodeOther(data: Buffer, coding: OtherCoding, size: TileSize): Promise<Uint8Array> {
  if (coding.compression === COMPRESSION.zstd) {
    const raw = unpredicted(await inflate(data, coding, size), coding, size);
    return decodeOther(raw, { ...coding, compression: COMPRESSION.none, predictor: 1 }, size);
  }
  if (coding.usedBits < coding.bits) {
    const { words, channels } = await decodeWords(data, coding, size);
    const values = upperBits(words, coding.usedBits);
    if (coding.photometric === PHOTOMETRIC.whiteIsZero)
      values.forEach((_, at) => (values[at] = 255 - values[at]!));
    return channels === 1 ? tripled(values) : values;
  }
  const file = coding.compression === COMPRESSION.webp ? requireWebp(data) : wholeTiff(data, coding, size);
  const limits = { failOn: 'warning', limitInputPixels: size.width * size.height } as const;
  const decoded = await sharp(file, limits)
    .extract({ left: 0, top: 0, ...size.kept })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = decoded.info;
  if (width !== size.kept.width || height !== size.kept.height) throw damaged('it has the wrong size');
  return channels === 1 ? tripled(decoded.data) : decoded.data;
}

/** The values of a tile of 16 bits a channel, as they are stored. */
export async function decodeWords(
  data: Buffer,
  coding: OtherCoding,
  size: TileSize,
): Promise<{ readonly words: Uint16Array; readonly channels: number }> {
  if (coding.compression === COMPRESSION.zstd) {
    const raw = unpredicted(await inflate(data, coding, size), coding, size);
    return decodeWords(raw, { ...coding, compression: COMPRESSION.none, predictor: 1 }, size);
  }
  const { samples } = coding;
  // libtiff would turn them by all 16 bits.
  const photometric = samples < 3 ? PHOTOMETRIC.blackIsZero : PHOTOMETRIC.rgb;
  const file = wholeTiff(data, { ...coding, photometric }, size);
  const { data: bytes, info } = await sharp(file, {
    failOn: 'warning',
    limitInputPixels: size.width * size.height,
  })
    .extract({ left: 0, top: 0, ...size.kept })
    .toColourspace(samples < 3 ? 'grey16' : 'rgb16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const count = size.kept.width * size.kept.height * channels;
  if (width !== size.kept.width || height !== size.kept.height || bytes.length !== count * 2) {
    throw damaged('it has the wrong size');
  }
  // A copy, which begins where words may begin.
  return { words: new Uint16Array(new Uint8Array(bytes).buffer), channels };
}

/** sharp goes by the first bytes: a tile that is an SVG or a PDF would be given to quite another decoder. */
function requireWebp(data: Buffer): Buffer {
  const isWebp = data.toString('latin1', 0, 4) === 'RIFF' && data.toString('latin1', 8, 12) === 'WEBP';
  if (!isWebp) throw damaged('it is not WebP');
  return data;
}

async function inflate(
  data: Buffer,
  { samples, bits }: OtherCoding,
  { width, height }: Side,
): Promise<Buffer> {
  const bytes = width * height * samples * (bits / 8);
  const raw = await promisify(zstdDecompress)(data, { maxOutputLength: bytes });
  if (raw.length !== bytes) throw damaged('it has the wrong size');
  return raw;
}

/** Undoes the horizontal differences, row by row. */
function unpredicted(
  raw: Buffer,
  { predictor, samples, bits, littleEndian }: OtherCoding,
  size: Side,
): Buffer {
  if (predictor !== HORIZONTAL_PREDICTOR) return raw;
  const step = samples * (bits / 8);
  const row = size.width * step;
  for (let start = 0; start < raw.length; start += row) {
    for (let at = start + step; at < start + row; at += bits / 8) {
      if (bits === 8) raw[at] = raw[at]! + raw[at - step]!;
      else if (littleEndian)
        raw.writeUInt16LE((raw.readUInt16LE(at) + raw.readUInt16LE(at - step)) & 0xffff, at);
      else raw.writeUInt16BE((raw.readUInt16BE(at) + raw.readUInt16BE(at - step)) & 0xffff, at);
    }
  }
  return raw;
}

function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (const [index, value] of grey.entries()) rgb.fill(value, index * 3, index * 3 + 3);
  return rgb;
}

/** A TIFF of one strip. */
function wholeTiff(data: Buffer, coding: OtherCoding, { width, height }: Side): Buffer {
  const { samples, bits, photometric, extra, colours, jpegTables, subsampling } = coding;
  const fields: [tag: number, type: number, values: readonly number[] | Buffer][] = [
    [256, TYPE.long, [width]],
    [257, TYPE.long, [height]],
    [258, TYPE.short, Array.from({ length: samples }, () => bits)],
    [259, TYPE.short, [coding.compression]],
    [262, TYPE.short, [photometric]],
    [273, TYPE.long, [8]],
    [277, TYPE.short, [samples]],
    [278, TYPE.long, [height]],
    [279, TYPE.long, [data.length]],
    [284, TYPE.short, [ASCENDING]],
  ];
  if (coding.predictor !== 1) fields.push([317, TYPE.short, [coding.predictor]]);
  if (colours !== undefined) fields.push([320, TYPE.short, [...colours]]);
  const colour = photometric === PHOTOMETRIC.rgb || photometric === PHOTOMETRIC.ycbcr ? 3 : 1;
  if (samples > colour) fields.push([338, TYPE.short, extra.length > 0 ? [...extra] : [0]]);
  if (jpegTables !== undefined) fields.push([347, TYPE.undefined, jpegTables]);
  if (photometric === PHOTOMETRIC.ycbcr) fields.push([530, TYPE.short, subsampling]);
  return joined(data, fields, coding.littleEndian);
}

function joined(
  data: Buffer,
  fields: readonly [tag: number, type: number, values: readonly number[] | Buffer][],
  little: boolean,
): Buffer {
  const padding = data.length % 2;
  const start = 8 + data.length + padding;
  const write = (into: Buffer, value: number, at: number, bytes: number): void => {
    if (little) into.writeUIntLE(value, at, bytes);
    else into.writeUIntBE(value, at, bytes);
  };
  const header = Buffer.alloc(8);
  header.write(little ? 'II' : 'MM', 'latin1');
  write(header, 42, 2, 2);
  write(header, start, 4, 4);
  const table = Buffer.alloc(2 + fields.length * 12 + 4);
  write(table, fields.length, 0, 2);
  const behind: Buffer[] = [];
  let end = start + table.length;
  for (const [index, [tag, type, values]] of fields.entries()) {
    const at = 2 + index * 12;
    const bytes = bytesOf(values, type, little);
    write(table, tag, at, 2);
    write(table, type, at + 2, 2);
    write(table, values.length, at + 4, 4);
    if (bytes.length <= 4) {
      bytes.copy(table, at + 8);
      continue;
    }
    write(table, end, at + 8, 4);
    behind.push(bytes, Buffer.alloc(bytes.length % 2));
    end += bytes.length + (bytes.length % 2);
  }
  return Buffer.concat([header, data, Buffer.alloc(padding), table, ...behind]);
}

function bytesOf(values: readonly number[] | Buffer, type: number, little: boolean): Buffer {
  if (Buffer.isBuffer(values)) return values;
  const size = type === TYPE.short ? 2 : 4;
  const bytes = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) {
    if (little) bytes.writeUIntLE(value, index * size, size);
    else bytes.writeUIntBE(value, index * size, size);
  }
  return bytes;
}
