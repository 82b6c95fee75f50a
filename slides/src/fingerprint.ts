/** What tells a slide's file from others without reading all of it. */
import { createHash } from 'node:crypto';
import type { ByteSource } from './tiff/byte-source.ts';
import type { TiffLayout } from './tiff/layout.ts';

const SAMPLE_BYTES = 65_536;

/** The size, the first and last 64 KiB, and where every tile of a TIFF is. The same wherever the file lies. */
export async function fingerprintOf(bytes: ByteSource, layout: TiffLayout | undefined): Promise<string> {
  const hash = createHash('sha256').update(`${bytes.size}\n`);
  const length = Math.min(SAMPLE_BYTES, bytes.size);
  hash.update(await bytes.read(0, length));
  hash.update(await bytes.read(bytes.size - length, length));
  for (const level of layout?.levels ?? []) {
    hash.update(`${level.width} ${level.height} ${level.tileWidth} ${level.tileHeight}\n`);
    hash.update(level.offsets).update(level.byteCounts).update(level.prefix);
  }
  return hash.digest('hex');
}
