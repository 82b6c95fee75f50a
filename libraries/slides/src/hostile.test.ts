import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { WsiError } from '@wsi-operator/foundation';
import { openSlide, type ReaderChoice } from './open-slide.ts';
import { createPixels } from './pixels.ts';
import type { Slide } from './slide.ts';
import { scratchDirectory, scratchFiles } from './testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels, type FixtureLevel } from './tiff/testing/tiff-fixture.ts';
import { tileGrid } from './tile-grid.ts';
import { TileReader } from './tile-reader.ts';

const scratch = scratchDirectory();
const fileOf = scratchFiles(scratch);
let level: FixtureLevel;
let good: Buffer;

beforeAll(async () => {
  level = await encodedLevel(paintedPixels(200, 150), { tileSide: 64, sharedTables: true });
  good = buildTiff({ levels: [level] });
});

/** Opens the slide and reads all of level 0; whatever happens, the slide is closed again. */
async function readAll(path: string, reader: ReaderChoice = 'auto'): Promise<void> {
  const slide = await openSlide(path, { reader });
  try {
    const { width, height } = slide;
    await slide.readRegion({
      level: 0,
      x: 0,
      y: 0,
      width: Math.min(width, 2048),
      height: Math.min(height, 2048),
    });
  } finally {
    await slide.close();
  }
}

async function errorOf(work: Promise<unknown>): Promise<WsiError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WsiError);
  return error as WsiError;
}

/** The message names the slide and says what to do. */
async function expectRefusal(
  path: string,
  code: string,
  problem: RegExp,
  reader?: ReaderChoice,
): Promise<void> {
  const error = await errorOf(readAll(path, reader));
  expect(error.code).toBe(code);
  expect(error.message).toContain(path);
  expect(error.message).toMatch(problem);
  expect(error.remedy).toMatch(/\w+/u);
}

describe('files that are not slides', () => {
  it('are refused with their name and a remedy', async () => {
    await expectRefusal(scratch('missing.svs'), 'NotFound', /no such slide/u);
    await expectRefusal(await fileOf('zero.svs', ''), 'SlideUnreadable', /empty/u);
    await expectRefusal(await fileOf('text.svs', 'not a slide at all'), 'SlideUnsupported', /not a slide/u);
    const png = await sharp(paintedPixels(64, 64).data, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    await expectRefusal(await fileOf('picture.svs', png), 'SlideUnsupported', /not a slide/u);
    const directory = scratch('directory.svs');
    await mkdir(directory);
    await expectRefusal(directory, 'SlideUnsupported', /directory/u);
  });

  it('include a TIFF without tiles, which is refused with the reason', async () => {
    const { data, width, height } = paintedPixels(300, 200);
    const striped = await sharp(data, { raw: { width, height, channels: 3 } })
      .tiff({ compression: 'jpeg' })
      .toBuffer();
    await expectRefusal(await fileOf('striped.tif', striped), 'SlideUnsupported', /no tiles/u);
  });

  it('do not include a tiled TIFF without JPEG, which is read by OpenSlide', async () => {
    const pixels = paintedPixels(300, 200);
    const raw = { width: 300, height: 200, channels: 3 } as const;
    const options = { compression: 'lzw', tile: true, tileWidth: 64, tileHeight: 64 } as const;
    const path = await fileOf('lzw.tif', await sharp(pixels.data, { raw }).tiff(options).toBuffer());
    const slide = await openSlide(path);
    expect(slide.reader).toBe('openslide');
    const read = await slide.readRegion({ level: 0, x: 0, y: 0, width: 300, height: 200 });
    expect(Buffer.compare(read.data, pixels.data)).toBe(0);
    await slide.close();
    const own = await openSlide(path, { reader: 'tiff' });
    expect(await own.readRegion({ level: 0, x: 0, y: 0, width: 300, height: 200 })).toEqual(read);
    await own.close();
  });
});

describe('a damaged TIFF file is refused', () => {
  it('when truncated in the directory', async () => {
    const path = await fileOf('cut-directory.tif', good.subarray(0, good.length - 40));
    await expectRefusal(path, 'SlideUnreadable', /ends at byte/u);
  });

  it('when truncated in the tiles, with the directories in front', async () => {
    // The reader sees directories that are whole and tiles that are not there.
    const { tiles } = level;
    const long = buildTiff({ levels: [{ ...level, tiles: [...tiles.slice(0, -1), Buffer.alloc(5000, 1)] }] });
    const path = await fileOf('cut-tiles.tif', long);
    await expectRefusal(path, 'SlideUnreadable', /Tile 11 of level 0 is damaged/u);
    await truncate(path, 100);
    await expectRefusal(path, 'SlideUnreadable', /ends at byte 100/u);
  });

  it('when truncated while it is open', async () => {
    const path = await fileOf('shrinking.tif', good);
    const slide = await openSlide(path);
    await truncate(path, 64);
    const error = await errorOf(slide.readRegion({ level: 0, x: 0, y: 0, width: 200, height: 150 }));
    expect(error.message).toContain(path);
    expect(error.message).toMatch(/became shorter/u);
    await slide.close();
  });

  it('for cyclic directories, tiles beyond the end and absurd sizes', async () => {
    await expectRefusal(
      await fileOf('loop.tif', buildTiff({ levels: [level], loop: true })),
      'SlideUnreadable',
      /loop/u,
    );
    const huge = { ...level, width: 2 ** 31 - 1, height: 2 ** 31 - 1 };
    await expectRefusal(
      await fileOf('huge.tif', buildTiff({ levels: [huge] })),
      'SlideUnreadable',
      /lists 12 tiles for a picture of/u,
    );
    const flat = { ...level, height: 0 };
    await expectRefusal(
      await fileOf('flat.tif', buildTiff({ levels: [flat] })),
      'SlideUnreadable',
      /0 pixels/u,
    );
  });

  it('with the name of a tile of another size or of garbage', async () => {
    const large = await sharp(createPixels(4096, 4096).data, {
      raw: { width: 4096, height: 4096, channels: 3 },
    })
      .jpeg()
      .toBuffer();
    for (const [name, tile] of [
      ['large', large],
      ['garbage', Buffer.alloc(500, 0xab)],
      ['half', level.tiles[5]!.subarray(0, level.tiles[5]!.length / 2)],
    ] as const) {
      const tiles = level.tiles.map((each, index) => (index === 5 ? tile : each));
      const path = await fileOf(`${name}.tif`, buildTiff({ levels: [{ ...level, tiles }] }));
      await expectRefusal(path, 'SlideUnreadable', /Tile 5 of level 0 is damaged/u);
      // The other tiles can still be read.
      const slide = await openSlide(path);
      await slide.readRegion({ level: 0, x: 0, y: 0, width: 64, height: 64 });
      await slide.close();
    }
  });

  it('or read, but never crashes the process, for random damage to header and directories', async () => {
    const path = scratch('fuzz.tif');
    const directories = good.length - 500;
    const damage = fc.oneof(
      fc.record({ at: fc.integer({ min: 0, max: 15 }), value: fc.nat(255) }),
      fc.record({ at: fc.integer({ min: directories, max: good.length - 1 }), value: fc.nat(255) }),
    );
    const cut = fc.option(fc.integer({ min: 1, max: good.length }), { freq: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 6 }), cut, async (bytes, length) => {
        const broken = Buffer.from(good.subarray(0, length ?? good.length));
        for (const { at, value } of bytes) if (at < broken.length) broken[at] = value;
        await writeFile(path, broken);
        const before = process.memoryUsage().arrayBuffers;
        await readAll(path, 'tiff').catch((error: unknown) => {
          expect(error).toBeInstanceOf(WsiError);
          expect((error as WsiError).message).toContain(path);
        });
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64e6);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an impossible request is refused', () => {
  let slide: Slide;
  beforeAll(async () => {
    slide = await openSlide(await fileOf('good.tif', good));
  });
  afterAll(() => slide.close());

  it('with an explanation', async () => {
    const region = { level: 0, x: 0, y: 0, width: 10, height: 10 };
    for (const [broken, problem] of [
      [{ ...region, level: 3 }, /no level 3/u],
      [{ ...region, width: 0 }, /0 x 10/u],
      [{ ...region, width: 1e6, height: 1e6 }, /memory/u],
      [{ ...region, x: 0.5 }, /whole pixels/u],
    ] as const) {
      const error = await errorOf(slide.readRegion(broken));
      expect(error.code).toBe('InvalidArgument');
      expect(error.message).toMatch(problem);
    }
  });

  it('for a resolution of a slide without one', async () => {
    const error = await errorOf(tileGrid(slide, { size: 32, mpp: 0.5 }));
    expect(error.message).toMatch(/does not say its resolution.*patches\.level/su);
  });

  it('for a slide smaller than a patch', async () => {
    const error = await errorOf(tileGrid(slide, { size: 224 }));
    expect(error.message).toMatch(/smaller than a patch/u);
  });

  it('for the tissue of an all-white slide', async () => {
    const white = await encodedLevel(createPixels(256, 256), { tileSide: 64 });
    const path = await fileOf('white.tif', buildTiff({ levels: [white] }));
    const opened = await openSlide(path);
    const error = await errorOf(tileGrid(opened, { size: 32, tissue: { minimumFraction: 0 } }));
    expect(error.code).toBe('NoTissue');
    expect(error.message).toContain(path);
    expect(error.remedy).toMatch(/patches\.tissue/u);
    const grid = await tileGrid(opened, { size: 32, tissue: { method: 'none' } });
    expect(grid.count).toBe(64);
    await opened.close();
  });

  it('on a closed slide, on a closed reader, and after cancellation', async () => {
    const path = scratch('good.tif');
    const opened = await openSlide(path);
    await opened.close();
    await opened.close();
    expect((await errorOf(opened.thumbnail(10))).message).toMatch(/closed/u);
    const reader = new TileReader();
    const request = { slide: path, patches: { size: 32 }, coordinates: Int32Array.of(0, 0) };
    expect((await errorOf(reader.read(request, AbortSignal.abort()))).code).toBe('Cancelled');
    await reader.close();
    expect((await errorOf(reader.read(request))).message).toMatch(/closed/u);
  });
});
