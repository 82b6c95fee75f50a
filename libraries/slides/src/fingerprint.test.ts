import { describe, expect, it } from '@jest/globals';
import { fingerprintOf } from './fingerprint.ts';
import type { ByteSource } from './tiff/read/byte-source.ts';
import type { TiffLevel } from './tiff/read/level.ts';

const SIZE = 600_000;

/** A file that is all glass but for one byte, and a level of tiles of these lengths. */
function print(byte: number, at: number, lengths: readonly number[]): Promise<string> {
  const data = Buffer.alloc(SIZE, 243);
  data[at] = byte;
  const bytes = {
    size: SIZE,
    read: (start: number, length: number) => Promise.resolve(data.subarray(start, start + length)),
  } as unknown as ByteSource;
  const level = {
    ...{ width: 512, height: 512, tileWidth: 256, tileHeight: 256 },
    offsets: Float64Array.from(lengths, (_, index) => 1000 + index * 100_000),
    byteCounts: Float64Array.from(lengths),
    coding: { kind: 'raw' },
  } as unknown as TiffLevel;
  return fingerprintOf(bytes, [level]);
}

describe('fingerprintOf', () => {
  it('distinguishes uncompressed slides that begin and end alike', async () => {
    const same = [100_000, 100_000, 100_000, 100_000];
    // The start of one of the spots that are read.
    const spot = Math.round((30 * (SIZE - 1024)) / 63);
    expect(await print(1, spot, same)).not.toBe(await print(2, spot, same));
    expect(await print(1, spot, same)).toBe(await print(1, spot, same));
  });

  it('is derived from the lengths of compressed tiles', async () => {
    expect(await print(1, 300_000, [1000, 1001])).toBe(await print(2, 300_000, [1000, 1001]));
    expect(await print(1, 300_000, [1000, 1001])).not.toBe(await print(1, 300_000, [1001, 1000]));
  });
});
