import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { encodedLevel, paintedPixels } from '../testing/tiff-fixture.ts';
import { TiffDamage } from './damage.ts';
import { completeJpeg, joinedJpeg, jpegPrefix, parseTile } from './jpeg-tile.ts';

const SIDE = 48;

describe('joinedJpeg', () => {
  it.each([true, false])('gives the pixels of the single tiles, shared tables: %s', async (sharedTables) => {
    const level = await encodedLevel(paintedPixels(SIDE * 4, SIDE * 5), { tileSide: SIDE, sharedTables });
    const prefix = jpegPrefix(level.jpegTables, true);
    const tiles = level.tiles.map((tile) => parseTile(tile, SIDE, SIDE));
    // 20 tiles: the numbers of the restart markers wrap around twice.
    const joined = joinedJpeg(prefix, tiles);
    const all = await sharp(joined, { failOn: 'warning' }).raw().toBuffer();
    const single = tiles.map((tile) =>
      sharp(completeJpeg(prefix, tile), { failOn: 'warning' }).raw().toBuffer(),
    );
    expect(Buffer.compare(all, Buffer.concat(await Promise.all(single)))).toBe(0);
  });

  it('refuses what would give other pixels', async () => {
    const picture = paintedPixels(SIDE * 2, SIDE);
    const options = { tileSide: SIDE };
    const subsampled = await encodedLevel(picture, { ...options, chromaSubsampling: '4:2:0' });
    const plain = await encodedLevel(picture, options);
    const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
    const progressive = await sharp(paintedPixels(SIDE, SIDE).data, { raw })
      .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const prefix = jpegPrefix(undefined, true);
    const parse = (tile: Buffer): ReturnType<typeof parseTile> => parseTile(tile, SIDE, SIDE);
    expect(joinedJpeg(prefix, plain.tiles.map(parse))).toBeDefined();
    expect(joinedJpeg(prefix, subsampled.tiles.map(parse))).toBeUndefined();
    expect(joinedJpeg(prefix, [progressive, progressive].map(parse))).toBeUndefined();
    expect(joinedJpeg(prefix, [plain.tiles[0]!, subsampled.tiles[1]!].map(parse))).toBeUndefined();
  });

  it('random bytes are refused or parsed, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 60 }), fc.boolean(), (bytes, start) => {
        const data = Buffer.from(start ? [0xff, 0xd8, ...bytes] : bytes);
        try {
          parseTile(data, SIDE, SIDE);
        } catch (error) {
          expect(error).toBeInstanceOf(TiffDamage);
        }
      }),
      { numRuns: 300 },
    );
  });
});
