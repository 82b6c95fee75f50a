import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { openSlide } from './open-slide.ts';
import { PictureCache } from './picture-cache.ts';
import { createPixels } from './pixels.ts';
import { createStatistics } from './slide.ts';
import { scratchDirectory } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels } from './tiff/testing/tiff-fixture.ts';
import { pictureOf } from './thumbnail-size.ts';
import { tissueMask } from './tissue/tissue.ts';

const scratch = scratchDirectory();

describe('a thumbnail of a slide without smaller levels', () => {
  it('decodes a tile about once, however wide the slide is', async () => {
    const [side, tiles] = [1024, 64];
    // Dark on the left, bright on the right.
    const tile = createPixels(side, side, 40);
    for (let y = 0; y < side; y++) tile.data.fill(220, (y * side + side / 2) * 3, (y + 1) * side * 3);
    const level = await encodedLevel(tile, { tileSide: side });
    const wide = {
      ...level,
      width: side * tiles,
      tiles: Array.from({ length: tiles }, () => level.tiles[0]!),
    };
    await writeFile(scratch('wide.tif'), buildTiff({ levels: [wide] }));
    const statistics = createStatistics();
    const slide = await openSlide(scratch('wide.tif'), { statistics, cache: new PictureCache(0) });
    const { width, height, data } = await slide.thumbnail(tiles * 4);
    await slide.close();

    expect([width, height]).toEqual([tiles * 4, 4]);
    const row = Array.from({ length: width }, (_, x) => (data[(width + x) * 3]! > 128 ? 'b' : 'd')).join('');
    expect(row).toBe('ddbb'.repeat(tiles));
    expect(statistics.cacheMisses).toBeLessThanOrEqual(1.3 * tiles);
  });

  it('reports its progress, strip by strip', async () => {
    const [side, columns, rows] = [256, 68, 1];
    const level = await encodedLevel(paintedPixels(side, side), { tileSide: side });
    const tiles = Array.from({ length: columns * rows }, () => level.tiles[0]!);
    const wide = { ...level, width: side * columns, height: side * rows, tiles };
    await writeFile(scratch('progress.tif'), buildTiff({ levels: [wide] }));
    const slide = await openSlide(scratch('progress.tif'));
    const reported: number[] = [];
    await slide.thumbnail(columns * 8, (fraction) => reported.push(fraction));
    await slide.close();
    expect(reported.length).toBeGreaterThan(2);
    expect(reported).toEqual(reported.toSorted((a, b) => a - b));
    expect(reported.at(-1)).toBeCloseTo(1, 12);
  });

  it('is read once for the mask and for a picture of it', async () => {
    const side = 1600;
    const level = await encodedLevel(paintedPixels(side, side), { tileSide: 800, micrometres: 2 });
    await writeFile(scratch('once.tif'), buildTiff({ levels: [level] }));
    const statistics = createStatistics();
    const slide = await openSlide(scratch('once.tif'), { statistics, cache: new PictureCache(0) });
    const { picture } = await tissueMask(slide);
    const decoded = statistics.cacheMisses;
    expect(decoded).toBeGreaterThanOrEqual(4);
    const small = await pictureOf(slide, 300, picture);
    expect(statistics.cacheMisses).toBe(decoded);
    const read = await slide.thumbnail(300);
    await slide.close();
    expect([small.width, small.height]).toEqual([read.width, read.height]);
    expect(small.data.every((value, at) => Math.abs(value - read.data[at]!) <= 1)).toBe(true);
  });
});
