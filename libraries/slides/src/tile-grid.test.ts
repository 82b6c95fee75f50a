import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { openSlide } from './open-slide.ts';
import { drawTiles } from './overlay.ts';
import { scratchDirectory } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels } from './tiff/testing/tiff-fixture.ts';
import { TileReader } from './tile-reader.ts';
import { gridPositions, tileGrid, tilesWithTissue } from './tile-grid.ts';

const scratch = scratchDirectory();

const scales = fc.oneof(fc.constantFrom(1, 2, 4, 16), fc.double({ min: 2, max: 20, noNaN: true }));
const frames = fc
  .tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 900 }), scales)
  .map(([width, height, scale]) => ({ width, height, scaleX: scale, scaleY: scale }));

describe('gridPositions', () => {
  it('are inside, do not overlap at stride = size, and leave no room for one more', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 1, max: 100 }), (frame, size) => {
        const { columns, rows } = gridPositions(frame, size, size);
        for (const [positions, length, scale] of [
          [columns, frame.width, frame.scaleX],
          [rows, frame.height, frame.scaleY],
        ] as const) {
          // As the reader goes from level-0 pixels to the level's.
          const onLevel = positions.map((position) => Math.round(position / scale));
          expect(onLevel).toEqual(onLevel.map((_, index) => index * size));
          expect(positions.length).toBe(Math.floor(length / size));
        }
      }),
    );
  });

  it('are a stride apart', () => {
    const { columns } = gridPositions({ width: 100, height: 50, scaleX: 4, scaleY: 4 }, 20, 10);
    expect(columns).toEqual([0, 40, 80, 120, 160, 200, 240, 280, 320]);
  });
});

describe('tilesWithTissue', () => {
  it('keeps, row by row, exactly the tiles with enough tissue', () => {
    const mask = fc.array(fc.nat(1), { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(mask, fc.double({ min: 0, max: 1, noNaN: true }), (values, minimumFraction) => {
        const data = Uint8Array.from(values);
        // Tiles of 20 level-0 pixels on a mask of 10 x 10 with 10 level-0 pixels each: 2 x 2 mask pixels a tile.
        const positions = { columns: [0, 20, 40, 60, 80], rows: [0, 20, 40, 60, 80] };
        const found = tilesWithTissue(
          positions,
          { x: 20, y: 20 },
          { width: 10, height: 10, data, scaleX: 10, scaleY: 10 },
          minimumFraction,
        );
        const expected: number[] = [];
        const any = values.some((value) => value === 1);
        for (let row = 0; row < 5; row++) {
          for (let column = 0; column < 5; column++) {
            const at = row * 20 + column * 2;
            const sum = values[at]! + values[at + 1]! + values[at + 10]! + values[at + 11]!;
            if (any && sum / 4 + 1e-9 >= minimumFraction) expected.push(column * 20, row * 20);
          }
        }
        expect(Array.from(found.coordinates)).toEqual(expected);
        expect(found.tissueFraction.length).toBe(expected.length / 2);
      }),
    );
  });
});

describe('tileGrid', () => {
  it('is a function of specification and slide', async () => {
    const digests = new Set<string>();
    for (const seed of [1, 2]) {
      const path = scratch(`grid-${seed}.tif`);
      const level = await encodedLevel(paintedPixels(300, 200, seed), { tileSide: 64, micrometres: 0.5 });
      await writeFile(path, buildTiff({ levels: [level] }));
      const slide = await openSlide(path);
      const grid = await tileGrid(slide, { size: 32 });
      expect(await tileGrid(slide, { size: 32, level: 0, stride: 32 })).toEqual(grid);
      expect(grid.count).toBe(9 * 6);
      expect(grid.footprint).toEqual({ x: 32, y: 32 });
      expect(Array.from(grid.coordinates.subarray(0, 6))).toEqual([0, 0, 32, 0, 64, 0]);
      digests.add(grid.digest);
      digests.add((await tileGrid(slide, { size: 32, stride: 16 })).digest);
      const coarse = await tileGrid(slide, { size: 32, mpp: 1 });
      expect(coarse.footprint).toEqual({ x: 64, y: 64 });
      expect(coarse.count).toBe(4 * 3);
      digests.add(coarse.digest);

      const overlay = drawTiles(await slide.thumbnail(150), slide, coarse);
      expect(Array.from(overlay.data.subarray(0, 3))).toEqual([0, 90, 255]);
      expect(overlay).toMatchObject({ width: 150, height: 100 });
      await slide.close();
    }
    expect(digests.size).toBe(6);
  });

  it('depends on a stated resolution, as do its patches', async () => {
    const path = scratch('stated.tif');
    const level = await encodedLevel(paintedPixels(300, 200), { tileSide: 64 });
    await writeFile(path, buildTiff({ levels: [level] }));
    const reader = new TileReader();
    const found = [];
    for (const mpp of [0.5, 0.25]) {
      const slide = await openSlide(path, { stated: { mpp } });
      const grid = await tileGrid(slide, { size: 32, mpp: 0.5 });
      const direct = await slide.readAtMpp({ mpp: 0.5, x: 0, y: 0, width: 32, height: 32 });
      const patches = { size: 32, mpp: 0.5 };
      const read = await reader.read({
        slide: path,
        stated: { mpp },
        patches,
        coordinates: Int32Array.of(0, 0),
      });
      expect(Buffer.compare(read, direct.data)).toBe(0);
      found.push({ digest: grid.digest, footprint: grid.footprint.x });
      expect(slide.resolution).toMatchObject({ stated: true, source: 'stated' });
      await slide.close();
    }
    await reader.close();
    expect(found.map(({ footprint }) => footprint)).toEqual([32, 64]);
    expect(found[0]!.digest).not.toBe(found[1]!.digest);
  });
});
