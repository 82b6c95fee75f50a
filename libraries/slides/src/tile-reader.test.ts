import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { openSlide, type ReaderChoice } from './open-slide.ts';
import { scratchDirectory } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels } from './tiff/testing/tiff-fixture.ts';
import { TileReader, type TileRequest } from './tile-reader.ts';

const scratch = scratchDirectory();
const SIZE = 24;
const slides = [0, 1, 2].map((index) => `slide-${index}.tif`);

beforeAll(async () => {
  for (const [index, name] of slides.entries()) {
    const options = { tileSide: 48, sharedTables: true, micrometres: 0.5 };
    const levels = [
      await encodedLevel(paintedPixels(260, 200, index + 1), options),
      await encodedLevel(paintedPixels(130, 100, index + 1), options),
    ];
    await writeFile(scratch(name), buildTiff({ levels }));
  }
});

async function direct(request: TileRequest): Promise<Buffer> {
  const slide = await openSlide(request.slide, { reader: 'openslide' });
  const { size, level = 0, mpp } = request.patches;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < request.coordinates.length; at += 2) {
    const place = { x: request.coordinates[at]!, y: request.coordinates[at + 1]!, width: size, height: size };
    const read =
      mpp === undefined ? slide.readRegion({ ...place, level }) : slide.readAtMpp({ ...place, mpp });
    parts.push((await read).data);
  }
  await slide.close();
  return Buffer.concat(parts);
}

const requests = fc.record({
  slide: fc.constantFrom(...slides),
  resolution: fc.constantFrom({ level: 0 }, { level: 1 }, { mpp: 0.5 }, { mpp: 0.8 }, {}),
  corners: fc.array(fc.tuple(fc.integer({ min: -10, max: 125 }), fc.integer({ min: -10, max: 90 })), {
    minLength: 1,
    maxLength: 9,
  }),
});

describe('TileReader', () => {
  it.each([
    { cacheBytes: 0, concurrency: 1, openSlides: 1, reader: 'tiff' },
    { cacheBytes: 30_000, concurrency: 3, openSlides: 1, reader: 'auto' },
    { cacheBytes: 10_000_000, concurrency: 4, openSlides: 3, reader: 'auto' },
    { cacheBytes: 30_000, concurrency: 2, openSlides: 2, reader: 'openslide' },
  ] satisfies { reader: ReaderChoice; [name: string]: unknown }[])(
    'gives the pixels of direct reads whatever is asked for meanwhile: %j',
    async (options) => {
      const reader = new TileReader(options);
      await fc.assert(
        fc.asyncProperty(
          fc.array(requests, { minLength: 1, maxLength: 4 }),
          fc.boolean(),
          async (asked, ahead) => {
            const all = asked.map(({ slide, resolution, corners }) => ({
              slide: scratch(slide),
              patches: { size: SIZE, ...resolution },
              // Even, so that they are whole pixels of level 1.
              coordinates: Int32Array.from(corners.flat(), (value) => value * 2),
            }));
            const prefetches = ahead ? all.map((request) => reader.prefetch(request)) : [];
            const read = await Promise.all(all.map((request) => reader.read(request)));
            const expected = await Promise.all(all.map(direct));
            for (const [index, pixels] of read.entries()) {
              expect(Buffer.compare(Buffer.from(pixels), expected[index]!)).toBe(0);
            }
            await Promise.all(prefetches);
            const { cacheBytes } = reader.statistics;
            expect(cacheBytes).toBeLessThanOrEqual(options.cacheBytes);
          },
        ),
        { numRuns: 10 },
      );
      expect(reader.statistics.openSlides).toBeLessThanOrEqual(options.openSlides);
      await reader.close();
      expect(reader.statistics).toMatchObject({ cacheBytes: 0, openSlides: 0 });
    },
  );

  it.each(['tiff', 'openslide'] as const)('decodes nothing more after a prefetch (%s)', async (reader) => {
    const tiles = new TileReader({ reader });
    const coordinates = Int32Array.from([0, 0, 24, 0, 48, 0, 0, 24]);
    const request = { slide: scratch(slides[0]!), patches: { size: SIZE }, coordinates };
    await tiles.prefetch(request);
    const { cacheMisses, decodeSeconds } = tiles.statistics;
    expect(cacheMisses).toBeGreaterThan(0);
    await tiles.read(request);
    expect(tiles.statistics).toMatchObject({ cacheMisses, decodeSeconds });
    expect(tiles.statistics.openSeconds).toBeGreaterThan(0);
    await tiles.close();
  });

  it('names a missing slide, and reads it once it exists', async () => {
    const reader = new TileReader();
    const request = {
      slide: scratch('later.tif'),
      patches: { size: SIZE },
      coordinates: Int32Array.of(0, 0),
    };
    await reader.prefetch(request);
    await expect(reader.read(request)).rejects.toThrow(/later\.tif: There is no such slide/u);
    const level = await encodedLevel(paintedPixels(64, 64), { tileSide: 32 });
    await writeFile(request.slide, buildTiff({ levels: [level] }));
    expect((await reader.read(request)).length).toBe(SIZE * SIZE * 3);
    await reader.close();
  });

  it('caches nothing of a failed read', async () => {
    const level = await encodedLevel(paintedPixels(64, 64), { tileSide: 32 });
    const tiles = [Buffer.alloc(100, 1), ...level.tiles.slice(1)];
    const slide = scratch('broken.tif');
    await writeFile(slide, buildTiff({ levels: [{ ...level, tiles }] }));
    const reader = new TileReader();
    const patches = { size: 32 };
    const read = (...corner: number[]): Promise<unknown> =>
      reader.read({ slide, patches, coordinates: Int32Array.from(corner) });
    await expect(read(0, 0)).rejects.toThrow(/broken\.tif: Tile 0/u);
    await expect(read(0, 0)).rejects.toThrow(/broken\.tif: Tile 0/u);
    await read(32, 0);
    expect(reader.statistics.cacheBytes).toBe(32 * 32 * 3);
    await reader.close();
  });
});
