import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { openSlide } from './open-slide.ts';
import { createPixels, type Pixels } from './pixels.ts';
import { axisWeights, resample, sourceSpan, type AxisWeights } from './resample.ts';
import { levelAtMpp } from './resolution.ts';
import { scratchDirectory } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels } from './tiff/testing/tiff-fixture.ts';

const scratch = scratchDirectory();

function reduced(source: Pixels, scale: number, width: number, height: number): Pixels {
  return resample(source, axisWeights(0, scale, width), axisWeights(0, scale, height));
}

/** As the definition says, sample by sample. */
function summed(source: Pixels, horizontal: AxisWeights, vertical: AxisWeights): Uint8Array {
  const inRow = (row: number, x: number, channel: number): number =>
    horizontal.weights[x]!.reduce((sum, weight, tap) => {
      const at = row * source.width + horizontal.first[x]! + tap;
      return sum + weight * source.data[at * 3 + channel]!;
    }, 0);
  return Uint8Array.from({ length: vertical.weights.length * horizontal.weights.length * 3 }, (_, index) => {
    const x = Math.floor(index / 3) % horizontal.weights.length;
    const y = Math.floor(index / 3 / horizontal.weights.length);
    return vertical.weights[y]!.reduce(
      (sum, weight, tap) => sum + weight * inRow(vertical.first[y]! + tap, x, index % 3),
      0.5,
    );
  });
}

describe('resample', () => {
  it('is the identity at scale 1', () => {
    const source = paintedPixels(17, 11);
    expect(Buffer.compare(reduced(source, 1, 17, 11).data, source.data)).toBe(0);
  });

  it('is the mean of blocks at a whole scale', () => {
    const source = paintedPixels(12, 9);
    const result = reduced(source, 3, 4, 3);
    for (let index = 0; index < result.data.length; index++) {
      const channel = index % 3;
      const x = Math.floor(index / 3) % 4;
      const y = Math.floor(index / 12);
      let sum = 0;
      for (let dy = 0; dy < 3; dy++) {
        for (let dx = 0; dx < 3; dx++) sum += source.data[((y * 3 + dy) * 12 + x * 3 + dx) * 3 + channel]!;
      }
      expect(Math.abs(result.data[index]! - sum / 9)).toBeLessThanOrEqual(0.5 + 1e-9);
    }
  });

  it('equals bit by bit a sum over rows of sums over columns in source order', () => {
    const sizes = fc.record({
      scaleX: fc.double({ min: 0.4, max: 9, noNaN: true }),
      scaleY: fc.double({ min: 0.4, max: 9, noNaN: true }),
      x: fc.double({ min: 0, max: 5, noNaN: true }),
      y: fc.double({ min: 0, max: 5, noNaN: true }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(sizes, ({ scaleX, scaleY, x, y, seed }) => {
        const [width, height] = [7, 5];
        const [columns, rows] = [sourceSpan(x, scaleX, width), sourceSpan(y, scaleY, height)];
        const source = paintedPixels(columns.end - columns.start, rows.end - rows.start, seed);
        const horizontal = axisWeights(x - columns.start, scaleX, width);
        const vertical = axisWeights(y - rows.start, scaleY, height);
        expect(resample(source, horizontal, vertical).data).toEqual(summed(source, horizontal, vertical));
      }),
      { numRuns: 60 },
    );
  });

  it('has weights that sum to 1, stay inside the span and cover each source pixel equally', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.double({ min: 0.2, max: 9, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (origin, scale, count) => {
          const { start, end } = sourceSpan(origin, scale, count);
          const { first, weights } = axisWeights(origin, scale, count);
          const total = new Map<number, number>();
          for (let index = 0; index < count; index++) {
            expect(first[index]!).toBeGreaterThanOrEqual(start);
            expect(first[index]! + weights[index]!.length).toBeLessThanOrEqual(end);
            expect(weights[index]!.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
            weights[index]!.forEach((weight, at) => {
              total.set(first[index]! + at, (total.get(first[index]! + at) ?? 0) + weight * scale);
            });
          }
          if (scale < 1) return;
          for (const [pixel, covered] of total) {
            if (pixel >= origin + 1 && pixel + 1 <= origin + count * scale - 1)
              expect(covered).toBeCloseTo(1, 6);
          }
        },
      ),
    );
  });

  it('keeps a flat picture flat, larger or smaller', () => {
    for (const scale of [0.5, 0.7, 1, 1.7, 3]) {
      const { start, end } = sourceSpan(2.3, scale, 20);
      const weights = axisWeights(2.3 - start, scale, 20);
      const flat = createPixels(end - start, end - start, 77);
      expect(resample(flat, weights, weights).data.every((value) => value === 77)).toBe(true);
    }
  });
});

describe('regions read at a resolution', () => {
  it('use the best level, join without a seam and do not depend on their boundaries', async () => {
    const fine = paintedPixels(400, 300);
    const coarse = reduced(fine, 2, 200, 150);
    const path = scratch('mpp.tif');
    const options = { tileSide: 64, micrometres: 0.25 };
    const levels = [await encodedLevel(fine, options), await encodedLevel(coarse, options)];
    await writeFile(path, buildTiff({ levels }));
    const slide = await openSlide(path);
    expect(levelAtMpp(slide, 0.25)).toMatchObject({ level: 0, native: true });
    expect(levelAtMpp(slide, 0.4)).toMatchObject({ level: 0, native: false });
    expect(levelAtMpp(slide, 0.502)).toMatchObject({ level: 1, native: true });
    expect(levelAtMpp(slide, 3)).toMatchObject({ level: 1, native: false, scaleX: 6 });
    expect(levelAtMpp(slide, 0.1).level).toBe(0);

    // 0.75 um: 3 level-0 pixels each, read from level 1, so that tiles of 20 begin every 60 level-0 pixels.
    const whole = await slide.readAtMpp({ mpp: 0.75, x: 0, y: 0, width: 120, height: 80 });
    const coordinates = Int32Array.from([0, 0, 60, 0, 180, 120, -60, 60]);
    const patches = await slide.readPatches({ mpp: 0.75, size: 20, coordinates });
    for (let patch = 0; patch < 4; patch++) {
      const left = coordinates[patch * 2]! / 3;
      const top = coordinates[patch * 2 + 1]! / 3;
      for (let y = 0; y < 20; y++) {
        const own = patches.subarray((patch * 20 + y) * 60, (patch * 20 + y + 1) * 60);
        const other =
          left < 0
            ? new Uint8Array(60).fill(255)
            : whole.data.subarray(((top + y) * 120 + left) * 3, ((top + y) * 120 + left + 20) * 3);
        expect(Buffer.compare(own, other)).toBe(0);
      }
    }
    const native = await slide.readAtMpp({ mpp: 0.5, x: 20, y: 40, width: 50, height: 50 });
    const region = await slide.readRegion({ level: 1, x: 20, y: 40, width: 50, height: 50 });
    expect(Buffer.compare(native.data, region.data)).toBe(0);
    const thumbnail = await slide.thumbnail(100);
    expect([thumbnail.width, thumbnail.height]).toEqual([100, 75]);
    expect((await slide.thumbnail(5000)).width).toBe(400);
    await slide.close();
  });
});
