/**
 * A TIFF tile's own JPEG bytes, made into a JPEG file that any decoder reads as the TIFF means it.
 *
 * In TIFF the tables are kept once for all tiles (JPEGTables), and the colour space is what the Photometric tag says.
 * A decoder that sees only the JPEG guesses the colour space from the markers, so those that it would guess from
 * (JFIF, Adobe) are dropped and an Adobe marker that says the truth is put in. libjpeg then does what OpenSlide's
 * decoder is asked to do, and the pixels are the same bytes.
 *
 * Several tiles can be joined into one tall JPEG: each tile's entropy-coded data becomes one restart interval, so
 * that the decoder starts afresh at each, exactly as it does for a tile of its own. A call of the decoder costs as
 * much as one or two tiles, so this more than doubles the tiles per second. It is exact unless the chroma is
 * subsampled vertically: then the decoder interpolates chroma across the seam, and tiles are decoded one by one.
 */
import { damaged } from './damage.ts';

const MARKER = {
  arithmeticConditioning: 0xcc,
  baseline: 0xc0,
  extended: 0xc1,
  huffmanTables: 0xc4,
  restart0: 0xd0,
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  restartInterval: 0xdd,
  application0: 0xe0,
  application15: 0xef,
  comment: 0xfe,
} as const;

const ADOBE_SEGMENT_START = [0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0] as const;
const END_OF_IMAGE = Buffer.from([0xff, MARKER.end]);
/** A JPEG's height is a 16-bit number. */
const MAXIMUM_JPEG_HEIGHT = 65_500;

/** A segment of JPEG data: its marker, and its bytes from the 0xFF on. */
interface Segment {
  readonly marker: number;
  readonly bytes: Buffer;
}

/** A tile's JPEG data, taken apart. */
export interface JpegTile {
  readonly width: number;
  readonly height: number;
  /** Everything before the scan, without the markers of a colour space. */
  readonly segments: readonly Segment[];
  /** The scan with all that follows. */
  readonly scan: Buffer;
}

/** SOI, the Adobe marker, and the tables: what every tile of a level begins with. */
export function jpegPrefix(tables: Buffer | undefined, ycbcr: boolean): Buffer {
  const adobe = Buffer.from([...ADOBE_SEGMENT_START, ycbcr ? 1 : 0]);
  const kept = tables === undefined ? [] : headerSegments(tables).segments;
  return Buffer.concat([Buffer.from([0xff, MARKER.start]), adobe, ...kept.map(({ bytes }) => bytes)]);
}

/**
 * @throws TiffDamage when the tile is not JPEG data of `width` x `height` in three channels: the size is checked here
 *   because the decoder would allocate whatever the tile claims
 */
export function parseTile(tile: Buffer, width: number, height: number): JpegTile {
  const { segments, scanStart } = headerSegments(tile);
  if (scanStart === undefined) throw damaged('a tile has no image data');
  const frames = segments.filter(({ marker }) => isFrame(marker));
  const frame = frames[0]?.bytes;
  if (frames.length !== 1 || frame === undefined || frame.length < 10) {
    throw damaged('a tile does not have one JPEG frame');
  }
  const found = [frame.readUInt16BE(7), frame.readUInt16BE(5), frame.readUInt8(9), frame.readUInt8(4)];
  const wanted = [width, height, 3, 8];
  if (found.some((value, index) => value !== wanted[index])) {
    throw damaged(
      `a tile's width, height, channels and bits are ${found.join(', ')} in place of ${wanted.join(', ')}`,
    );
  }
  return { width, height, segments, scan: tile.subarray(scanStart) };
}

/** A complete JPEG file of one tile. */
export function completeJpeg(prefix: Buffer, tile: JpegTile): Buffer {
  return Buffer.concat([prefix, ...tile.segments.map(({ bytes }) => bytes), tile.scan]);
}

/**
 * One JPEG file with the tiles below each other, or undefined when joining them would not give each tile's own pixels:
 * vertically subsampled chroma, progressive or arithmetic coding, restart intervals of a tile's own, or headers or
 * tables that differ.
 */
export function joinedJpeg(prefix: Buffer, tiles: readonly JpegTile[]): Buffer | undefined {
  const first = tiles[0];
  if (first === undefined || first.height * tiles.length > MAXIMUM_JPEG_HEIGHT) return undefined;
  const frame = first.segments.find(
    ({ marker }) => marker === MARKER.baseline || marker === MARKER.extended,
  )?.bytes;
  if (frame === undefined || !tiles.every((tile) => hasSameHeader(tile, first))) return undefined;
  const units = unitsPerTile(frame, first);
  const scanHeader = first.scan.subarray(0, 2 + first.scan.readUInt16BE(2));
  // All three channels in one scan; otherwise more scans follow.
  if (units === undefined || scanHeader[4] !== 3) return undefined;

  const tallFrame = Buffer.from(frame);
  tallFrame.writeUInt16BE(first.height * tiles.length, 5);
  const interval = Buffer.from([0xff, MARKER.restartInterval, 0, 4, units >>> 8, units & 255]);
  const header = first.segments.map(({ bytes }) => (bytes === frame ? tallFrame : bytes));
  const parts = [prefix, interval, ...header, scanHeader];
  for (const [index, tile] of tiles.entries()) {
    if (!tile.scan.subarray(0, scanHeader.length).equals(scanHeader)) return undefined;
    const coded = entropyCoded(tile.scan.subarray(scanHeader.length));
    if (coded === undefined) return undefined;
    if (index > 0) parts.push(Buffer.from([0xff, MARKER.restart0 + ((index - 1) % 8)]));
    parts.push(coded);
  }
  return Buffer.concat([...parts, END_OF_IMAGE]);
}

/** The same frame and tables, and no restart intervals of its own. */
function hasSameHeader({ segments }: JpegTile, first: JpegTile): boolean {
  if (segments.length !== first.segments.length) return false;
  return segments.every(
    ({ marker, bytes }, at) => marker !== MARKER.restartInterval && bytes.equals(first.segments[at]!.bytes),
  );
}

/** The coding units (MCU) in a tile; undefined when tiles of this kind cannot be joined. */
function unitsPerTile(frame: Buffer, tile: JpegTile): number | undefined {
  if (frame.length < 19) return undefined;
  const sampling = [11, 14, 17].map((at) => frame.readUInt8(at));
  if (sampling.some((factors) => (factors & 15) !== 1)) return undefined;
  const across = Math.max(...sampling.map((factors) => factors >>> 4));
  if (across < 1 || across > 4 || tile.height % 8 !== 0) return undefined;
  const units = Math.ceil(tile.width / (8 * across)) * (tile.height / 8);
  return units <= 65_535 ? units : undefined;
}

/** Entropy-coded data up to the end of the image; undefined when another marker comes first, or none. */
function entropyCoded(data: Buffer): Buffer | undefined {
  for (let at = data.indexOf(0xff); at >= 0; at = data.indexOf(0xff, at + 1)) {
    const next = data[at + 1];
    if (next === 0) continue; // A byte of data that looks like a marker is followed by 0.
    return next === MARKER.end ? data.subarray(0, at) : undefined;
  }
  return undefined;
}

/** The segments before the first scan, without those that declare a colour space, and where the scan begins. */
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
    if (marker === MARKER.end) break;
    const length = data.readUInt16BE(at + 2);
    if (length < 2 || at + 2 + length > data.length) throw damaged('a tile has a broken JPEG segment');
    if (marker === MARKER.scan) return { segments, scanStart: at };
    if (!tellsColour(marker)) segments.push({ marker, bytes: data.subarray(at, at + 2 + length) });
    at += 2 + length;
  }
  return { segments, scanStart: undefined };
}

function tellsColour(marker: number): boolean {
  return (marker >= MARKER.application0 && marker <= MARKER.application15) || marker === MARKER.comment;
}

/** SOF0 to SOF15, without the tables among them (DHT, JPG, DAC). */
function isFrame(marker: number): boolean {
  const tables =
    marker === MARKER.huffmanTables || marker === 0xc8 || marker === MARKER.arithmeticConditioning;
  return marker >= 0xc0 && marker <= 0xcf && !tables;
}
