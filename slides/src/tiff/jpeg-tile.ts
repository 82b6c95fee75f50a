/**
 * A TIFF tile's own JPEG bytes, made into a JPEG file that any decoder reads as the TIFF means it.
 *
 * In TIFF the tables are kept once for all tiles (JPEGTables), and the colour space is what the Photometric tag says.
 * A decoder that sees only the JPEG guesses the colour space from the markers, so those that it would guess from
 * (JFIF, Adobe) are dropped and an Adobe marker that says the truth is put in. libjpeg then does what OpenSlide's
 * decoder is told to do, and the pixels are the same bytes.
 */
import { damaged } from './directories.ts';

const MARKER = {
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  application0: 0xe0,
  application15: 0xef,
  comment: 0xfe,
} as const;

/** A segment of JPEG data: its marker, and its bytes from the 0xFF on. */
interface Segment {
  readonly marker: number;
  readonly bytes: Buffer;
}

/** SOI, the Adobe marker, and the tables: what every tile of a level begins with. */
export function jpegPrefix(tables: Buffer | undefined, ycbcr: boolean): Buffer {
  const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, ycbcr ? 1 : 0]);
  const kept = tables === undefined ? [] : headerSegments(tables).segments;
  return Buffer.concat([Buffer.from([0xff, MARKER.start]), adobe, ...kept.map((segment) => segment.bytes)]);
}

/**
 * A complete JPEG file.
 * @throws TiffDamage when the tile is not JPEG data of `width` x `height` in three channels: the size is checked here
 *   because the decoder would allocate whatever the tile claims
 */
export function completeJpeg(prefix: Buffer, tile: Buffer, width: number, height: number): Buffer {
  const { segments, scanStart } = headerSegments(tile);
  if (scanStart === undefined) throw damaged('a tile has no image data');
  const frame = segments.find(({ marker }) => isFrame(marker));
  if (frame === undefined || frame.bytes.length < 10) throw damaged('a tile has no JPEG frame');
  const precision = frame.bytes.readUInt8(4);
  const tileHeight = frame.bytes.readUInt16BE(5);
  const tileWidth = frame.bytes.readUInt16BE(7);
  const channels = frame.bytes.readUInt8(9);
  if (tileWidth !== width || tileHeight !== height || channels !== 3 || precision !== 8) {
    throw damaged(
      `a tile is ${tileWidth} x ${tileHeight} x ${channels} of ${precision} bits in place of ${width} x ${height} x 3 of 8`,
    );
  }
  return Buffer.concat([prefix, ...segments.map((segment) => segment.bytes), tile.subarray(scanStart)]);
}

/** The segments before the first scan, without those that tell a colour space, and where the scan begins. */
function headerSegments(data: Buffer): { segments: Segment[]; scanStart: number | undefined } {
  if (data.length < 4 || data.readUInt16BE(0) !== 0xffd8) throw damaged('a tile or its tables are not JPEG');
  const segments: Segment[] = [];
  let at = 2;
  while (at + 4 <= data.length) {
    if (data[at] !== 0xff) throw damaged('a tile has broken JPEG markers');
    const marker = data[at + 1]!;
    if (marker === 0xff) {
      at += 1; // A fill byte.
      continue;
    }
    if (marker === MARKER.scan) return { segments, scanStart: at };
    if (marker === MARKER.end) break;
    const length = data.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > data.length) throw damaged('a tile has a broken JPEG segment');
    if (!isDropped(marker)) segments.push({ marker, bytes: data.subarray(at, at + 2 + length) });
    at += 2 + length;
  }
  return { segments, scanStart: undefined };
}

function isDropped(marker: number): boolean {
  return (marker >= MARKER.application0 && marker <= MARKER.application15) || marker === MARKER.comment;
}

/** SOF0 to SOF15, without the tables among them (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
