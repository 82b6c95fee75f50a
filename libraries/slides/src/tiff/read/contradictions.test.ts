/** Files that are whole and mean something else than what a careless reader makes of them. */
import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { openSlide, type ReaderChoice } from '../../open-slide.ts';
import type { Pixels } from '../../pixels.ts';
import type { Slide } from '../../slide.ts';
import { scratchDirectory } from '../../testing/scratch.ts';
import {
  buildTiff,
  encodedLevel,
  paintedPixels,
  type FixtureLevel,
  type TiffField,
} from '../testing/tiff-fixture.ts';

const scratch = scratchDirectory();
const TILE = 64;
const WIDTH = 128;
const HEIGHT = 192;
const picture = paintedPixels(WIDTH, HEIGHT);

const short = (tag: number, value: number | number[]): TiffField => ({ tag, type: 'short', value });
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const RGB = 2;
const SAMPLE_FORMAT = 339;
const ORIENTATION = 274;

/** Tiles without any coding. */
function rawLevel(pixels: Pixels, tags: readonly TiffField[]): FixtureLevel {
  const { width, height, data } = pixels;
  const tiles: Buffer[] = [];
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      const rows = Array.from({ length: TILE }, (_, y) => {
        const from = ((top + y) * width + left) * 3;
        return data.subarray(from, from + TILE * 3);
      });
      tiles.push(Buffer.concat(rows));
    }
  }
  const usual = [short(COMPRESSION, 1), short(PHOTOMETRIC, RGB)];
  const own = [...usual.filter(({ tag }) => tags.every((each) => each.tag !== tag)), ...tags];
  return { width, height, tileSide: TILE, tiles, micrometres: 0.5, tags: own };
}

async function use<T>(
  name: string,
  levels: readonly FixtureLevel[],
  work: (slide: Slide) => Promise<T> | T,
  reader: ReaderChoice = 'auto',
): Promise<T> {
  const path = scratch(name);
  await writeFile(path, buildTiff({ levels }));
  const slide = await openSlide(path, { reader });
  try {
    return await work(slide);
  } finally {
    await slide.close();
  }
}

const whole = (slide: Slide): Promise<Pixels> =>
  slide.readRegion({ level: 0, x: 0, y: 0, width: WIDTH, height: HEIGHT });

describe('a mirrored Orientation', () => {
  it.each([2, 3, 4, 6, 8])('(%d) is noted, and the pixels are returned as stored', async (orientation) => {
    const levels = [rawLevel(picture, [short(ORIENTATION, orientation)])];
    await use(`orientation-${orientation}.tif`, levels, async (slide) => {
      expect(Buffer.compare((await whole(slide)).data, picture.data)).toBe(0);
      expect(slide.notes.join()).toMatch(/Orientation .* is not applied/u);
    });
  });

  it('is never left to OpenSlide, which would mirror each tile by itself', async () => {
    const levels = [rawLevel(picture, [short(ORIENTATION, 3)])];
    await expect(use('turned.tif', levels, whole, 'openslide')).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(/mirrored \(Orientation 3\)/u) as unknown,
    });
  });
});

describe('sample values that are not unsigned integers', () => {
  it.each([
    ['signed', 2],
    ['floating', 3],
  ])('are refused by every reader: %s', async (name, format) => {
    const levels = [rawLevel(picture, [short(SAMPLE_FORMAT, [format, format, format])])];
    for (const reader of ['auto', 'openslide', 'tiff'] as const) {
      await expect(use(`${name}.tif`, levels, whole, reader)).rejects.toMatchObject({
        code: 'SlideUnsupported',
        problem: expect.stringMatching(/no whole numbers from 0/u) as unknown,
      });
    }
  });
});

describe('a colour space on which the tag and the JPEG tiles disagree', () => {
  it('is refused, such as YCbCr declared as RGB', async () => {
    const level = await encodedLevel(picture, { tileSide: TILE, chromaSubsampling: '4:2:0' });
    const mistagged = [{ ...level, tags: [short(PHOTOMETRIC, RGB)] }];
    await expect(use('mistagged.tif', mistagged, whole)).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(/says that its pixels are RGB.*JPEG tiles are YCbCr/u) as unknown,
    });
    await use('tagged.tif', [level], whole);
  });
});

describe('pages of equal size with one channel each', () => {
  it('are refused, as a single channel is not a colour slide', async () => {
    const grey = { width: WIDTH, height: HEIGHT, data: picture.data.subarray(0, WIDTH * HEIGHT * 3) };
    const page: FixtureLevel = {
      ...rawLevel(grey, [short(277, 1), short(258, 8), short(PHOTOMETRIC, 1)]),
      subfileType: 0,
    };
    const tiles = page.tiles.map((tile) => tile.subarray(0, TILE * TILE));
    const pages = [1, 2, 3].map(() => ({ ...page, tiles }));
    await expect(use('channels.tif', pages, whole)).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(/3 pages of one channel each/u) as unknown,
    });
    await use('one-channel.tif', pages.slice(0, 1), whole);
  });
});

describe('resolution units', () => {
  it.each([
    [4, 2000],
    [5, 2],
  ])('include %d, which only Exif defines', async (unit, perUnit) => {
    const per: TiffField = { tag: 282, type: 'rational', value: [perUnit, 1] };
    const tags = [per, { ...per, tag: 283 }, short(296, unit)];
    await use(`unit-${unit}.tif`, [rawLevel(picture, tags)], (slide) => {
      expect(slide.mpp).toEqual({ x: 0.5, y: 0.5 });
    });
  });

  it('that are probably wrong by a factor of ten are noted, as are pixels that are not square', async () => {
    await use('fine.tif', [{ ...rawLevel(picture, []), micrometres: 0.025 }], (slide) => {
      expect(slide.notes.join()).toMatch(/0\.025 um\/px is unusual for a scanner/u);
    });
    const tall: TiffField = { tag: 283, type: 'rational', value: [10_000, 1] };
    await use('tall.tif', [rawLevel(picture, [tall])], (slide) => {
      expect(slide.mpp).toEqual({ x: 0.5, y: 1 });
      expect(slide.notes.join()).toMatch(/not square/u);
    });
    await use('square.tif', [rawLevel(picture, [])], (slide) => expect(slide.notes).toEqual([]));
  });
});
