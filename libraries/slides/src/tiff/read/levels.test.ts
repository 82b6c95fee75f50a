import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { openSlide } from '../../open-slide.ts';
import { copyPixels, createPixels, type Pixels } from '../../pixels.ts';
import type { Slide } from '../../slide.ts';
import { scratchDirectory } from '../../testing/scratch.ts';
import { buildTiff, encodedLevel, paintedPixels, type FixtureLevel } from '../testing/tiff-fixture.ts';

const scratch = scratchDirectory();
const TILE = 64;

/** White glass with one dark square, so that what lies where is seen from the pixels. */
function glass(width: number, height: number, square: { x: number; y: number; side: number }): Pixels {
  const pixels = createPixels(width, height, 240);
  const { x, y, side } = square;
  copyPixels(createPixels(side, side, 60), { x: 0, y: 0, width: side, height: side }, pixels, x, y);
  return pixels;
}

/** The picture at the upper left of a white one that is whole tiles large. */
function padded(picture: Pixels): Pixels {
  const whole = (side: number): number => Math.ceil(side / TILE) * TILE;
  const result = createPixels(whole(picture.width), whole(picture.height));
  copyPixels(picture, { x: 0, y: 0, width: picture.width, height: picture.height }, result, 0, 0);
  return result;
}

const scaled = (level: number): Pixels =>
  glass(832 >> level, 832 >> level, { x: 512 >> level, y: 640 >> level, side: 128 >> level });

/** A pyramid whose second level covers 416 of its 448 pixels. */
function paddedPyramid(more: (level: number) => Partial<FixtureLevel>): Promise<FixtureLevel[]> {
  return Promise.all(
    [0, 1, 2].map(async (level) => ({
      ...(await encodedLevel(padded(scaled(level)), { tileSide: TILE })),
      ...more(level),
    })),
  );
}

async function opened<T>(name: string, file: Buffer, use: (slide: Slide) => Promise<T>): Promise<T> {
  const path = scratch(name);
  await writeFile(path, file);
  const slide = await openSlide(path);
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

/** The dark square is where it is on level 0, on every level. */
async function expectSquareInPlace(slide: Slide): Promise<void> {
  for (const [level, { downsample }] of slide.levels.entries()) {
    const side = 128 / downsample - 4;
    const at = { level, x: 512 + 2 * downsample, y: 640 + 2 * downsample, width: side, height: side };
    const { data } = await slide.readRegion(at);
    expect([level, Math.max(...data) < 90]).toEqual([level, true]);
  }
}

describe('levels that are padded to whole tiles', () => {
  it('are read at the scale of their resolution tags', async () => {
    const levels = await paddedPyramid((level) => ({ micrometres: 0.5 * 2 ** level }));
    await opened('padded.tif', buildTiff({ levels }), async (slide) => {
      expect(slide.levels.map(({ downsample, width }) => [downsample, width])).toEqual([
        [1, 832],
        [2, 416],
        [4, 208],
      ]);
      await expectSquareInPlace(slide);
    });
  });

  it('are read at the scale of their pixels where there are no tags', async () => {
    const levels = await paddedPyramid(() => ({}));
    await opened('padded-silent.tif', buildTiff({ levels }), async (slide) => {
      expect(slide.levels.map(({ downsample }) => downsample)).toEqual([1, 2, 4]);
      await expectSquareInPlace(slide);
    });
  });
});

describe('a picture of tiles beside the slide', () => {
  const slide = async (): Promise<FixtureLevel> =>
    encodedLevel(scaled(0), { tileSide: TILE, micrometres: 0.5 });
  const second = async (picture: Pixels): Promise<FixtureLevel> => ({
    ...(await encodedLevel(picture, { tileSide: TILE })),
    subfileType: 0,
  });

  it('is a level if its pixels match the slide, even without a tag that says so', async () => {
    const file = buildTiff({ levels: [await slide(), await second(scaled(1))] });
    await opened('unflagged.tif', file, (of) => {
      expect(of.levels.map(({ downsample }) => downsample)).toEqual([1, 2]);
      return expectSquareInPlace(of);
    });
  });

  it.each([
    ['blank', createPixels(416, 416, 240)],
    ['another', glass(416, 416, { x: 20, y: 20, side: 64 })],
  ])('is not a level if it is %s, whatever its shape', async (name, picture) => {
    const file = buildTiff({ levels: [await slide(), await second(picture)] });
    await opened(`macro-${name}.tif`, file, async (of) => {
      expect(of.levels).toHaveLength(1);
      expect(of.notes.join()).toMatch(/page 1 \(416 x 416\) is not used: its pixels are not those/u);
      await expectSquareInPlace(of);
    });
  });

  it('may precede the slide in the file', async () => {
    const levels = [
      { ...(await second(scaled(1))), subfileType: 1, micrometres: 1 },
      { ...(await slide()), subfileType: 0 },
    ];
    await opened('overview-first.tif', buildTiff({ levels }), async (of) => {
      expect(of).toMatchObject({ width: 832, mpp: { x: 0.5, y: 0.5 } });
      expect(of.levels.map(({ downsample }) => downsample)).toEqual([1, 2]);
      await expectSquareInPlace(of);
    });
  });
});

describe('the resolution of a TIFF', () => {
  it.each([72, 300, 600, 1000, 2400])('is ignored if it is %s dots per inch', async (dotsPerInch) => {
    const level = await encodedLevel(scaled(2), { tileSide: TILE });
    const file = buildTiff({ levels: [{ ...level, dotsPerInch }] });
    await opened(`dpi-${dotsPerInch}.tif`, file, async (slide) => {
      expect(slide.mpp).toBeUndefined();
      const read = slide.readAtMpp({ mpp: 0.5, x: 0, y: 0, width: 8, height: 8 });
      await expect(read).rejects.toThrow(new RegExp(`${dotsPerInch} dots an inch.*State it`, 'su'));
    });
  });

  it('may have a decimal comma in files of Aperio', async () => {
    const levels = [await encodedLevel(scaled(2), { tileSide: TILE })];
    const description = 'Aperio Image Library v1\r\n1x1|AppMag = 20,0|MPP = 0,4990';
    await opened('comma.svs', buildTiff({ levels, description }), (slide) => {
      expect(slide).toMatchObject({ mpp: { x: 0.499, y: 0.499 }, objectivePower: 20 });
      return Promise.resolve();
    });
  });

  it('is the physical size, with its unit, in OME-TIFF', async () => {
    const levels = [await encodedLevel(scaled(2), { tileSide: TILE })];
    const description =
      '<OME><Image Name="slide"><Pixels SizeX="208" SizeY="208" SizeC="3" PhysicalSizeX="250" PhysicalSizeXUnit="nm" PhysicalSizeY="0.25"/></Image></OME>';
    await opened('physical.ome.tif', buildTiff({ levels, description }), (slide) => {
      expect(slide.mpp!.x).toBeCloseTo(0.25, 12);
      expect(slide.resolution.source).toMatch(/OME-XML/u);
      return Promise.resolve();
    });
  });

  it('does not lead to excessive enlargement', async () => {
    const levels = [await encodedLevel(scaled(2), { tileSide: TILE, micrometres: 2 })];
    await opened('coarse.tif', buildTiff({ levels }), async (slide) => {
      const at = { x: 0, y: 0, width: 8, height: 8 };
      await expect(slide.readAtMpp({ mpp: 0.5, ...at })).rejects.toThrow(
        /enlarge it 4 times, and at most 2\.5/u,
      );
      expect((await slide.readAtMpp({ mpp: 1, ...at })).width).toBe(8);
    });
  });
});

describe('irregular tiles', () => {
  const spoilt = async (byteCount: number): Promise<Buffer> => {
    const level = await encodedLevel(scaled(2), { tileSide: TILE, micrometres: 0.5 });
    return buildTiff({ levels: [{ ...level, tiles: level.tiles.map(() => Buffer.alloc(byteCount)) }] });
  };

  it('are reported as damage if none was ever written', async () => {
    await expect(
      opened('unwritten.tif', await spoilt(0), (slide) => Promise.resolve(slide)),
    ).rejects.toMatchObject({
      code: 'SlideUnreadable',
      problem: expect.stringMatching(/none of its tiles was written/u) as unknown,
      remedy: 'Copy it again from its source.',
    });
  });

  it('are read even if they are larger than the picture', async () => {
    const { data, width, height } = paintedPixels(100, 80);
    const path = scratch('large-tile.tif');
    await sharp(data, { raw: { width, height, channels: 3 } })
      .tiff({ compression: 'lzw', tile: true, tileWidth: 9216, tileHeight: 256 })
      .toFile(path);
    const slide = await openSlide(path);
    expect(slide.reader).toBe('tiff');
    expect(Buffer.compare((await slide.readRegion({ level: 0, x: 0, y: 0, width, height })).data, data)).toBe(
      0,
    );
    await slide.close();
  });
});

describe('tiles with compression', () => {
  it.each(['none', 'lzw', 'deflate', 'packbits', 'webp'] as const)(
    '%s give their pixels',
    async (compression) => {
      const { data, width, height } = paintedPixels(200, 150);
      const path = scratch(`${compression}.tif`);
      await sharp(data, { raw: { width, height, channels: 3 } })
        .tiff({ compression, tile: true, tileWidth: 64, tileHeight: 64, predictor: 'horizontal' })
        .toFile(path);
      const slide = await openSlide(path, { reader: 'tiff' });
      const read = await slide.readRegion({ level: 0, x: 0, y: 0, width, height });
      await slide.close();
      expect(Buffer.compare(read.data, await sharp(path).raw().toBuffer())).toBe(0);
    },
  );

  it('in grey have equal channels', async () => {
    const path = scratch('grey.tif');
    const data = Uint8Array.from({ length: 128 * 128 }, (_, index) => index % 251);
    await sharp(data, { raw: { width: 128, height: 128, channels: 1 } })
      .toColourspace('b-w')
      .tiff({ compression: 'deflate', tile: true, tileWidth: 64, tileHeight: 64 })
      .toFile(path);
    const slide = await openSlide(path, { reader: 'tiff' });
    const read = await slide.readRegion({ level: 0, x: 0, y: 0, width: 128, height: 128 });
    await slide.close();
    expect(Array.from(read.data)).toEqual(Array.from(data).flatMap((value) => [value, value, value]));
  });
});
