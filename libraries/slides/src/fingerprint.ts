/** Identifies a slide's file without reading all of it. */
import { createHash } from 'node:crypto';
import type { ByteSource } from './tiff/read/byte-source.ts';
import type { TiffLevel } from './tiff/read/level.ts';

const SAMPLE_BYTES = 65_536;
/** Also read of slides whose tiles are all of one length. */
const SPOTS = 64;
const SPOT_BYTES = 1024;

/** The size, the first and last 64 KiB, and where every tile of a TIFF is (spots in between, where that says nothing). The same wherever the file lies. */
export async function fingerprintOf(
  bytes: ByteSource,
  levels: readonly TiffLevel[] | undefined,
): Promise<string> {
  const hash = createHash('sha256').update(`${bytes.size}\n`);
  const length = Math.min(SAMPLE_BYTES, bytes.size);
  hash.update(await bytes.read(0, length));
  hash.update(await bytes.read(bytes.size - length, length));
  for (const level of levels ?? []) {
    hash.update(`${level.width} ${level.height} ${level.tileWidth} ${level.tileHeight}\n`);
    hash.update(level.offsets).update(level.byteCounts);
    if (level.coding.kind === 'jpeg') hash.update(level.coding.prefix);
  }
  const [finest] = levels ?? [];
  if (finest !== undefined && bytes.size > 2 * SAMPLE_BYTES && !isToldByTiles(finest)) {
    for (let sample = 0; sample < SPOTS; sample++) {
      const start = Math.round((sample * (bytes.size - SPOT_BYTES)) / (SPOTS - 1));
      hash.update(await bytes.read(start, SPOT_BYTES));
    }
  }
  return hash.digest('hex');
}

/** Compressed tiles differ in length; uncompressed ones of two slides are in the same places. */
function isToldByTiles({ byteCounts }: TiffLevel): boolean {
  return byteCounts.some((count) => count !== byteCounts[0]);
}
