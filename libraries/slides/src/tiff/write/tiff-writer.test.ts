import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { openSlide } from '../../open-slide.ts';
import type { Slide } from '../../slide.ts';
import { reduceTile } from './pyramid.ts';
import { type PyramidOptions, type TileSource, writePyramid } from './tiff-writer.ts';

const options: PyramidOptions = {
  tileSize: 64,
  quality: 95,
  chroma: '4:4:4',
  levelFactor: 2,
  mpp: 0.25,
  description: 'Aperio-compatible test\r\n301x203 (64x64) JPEG/YCC|AppMag = 40|MPP = 0.25',
};
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-tiff-'));
});

afterAll(async () => rm(directory, { recursive: true }));

/** A smooth picture, so that JPEG changes it little. */
function colorAt(x: number, y: number): [number, number, number] {
  return [100 + 90 * Math.sin(x / 40), 100 + 90 * Math.cos(y / 30), (x + y) % 512 < 256 ? 60 : 190];
}

function picture(width: number, height: number, tileSize = options.tileSize): TileSource {
  return {
    width,
    height,
    tile: (column, row) => ({
      paint: () => {
        const data = new Uint8Array(tileSize * tileSize * 3);
        for (let y = 0; y < tileSize; y++) {
          for (let x = 0; x < tileSize; x++) {
            data.set(colorAt(column * tileSize + x, row * tileSize + y), (y * tileSize + x) * 3);
          }
        }
        return data;
      },
    }),
  };
}

async function whole(slide: Slide, level: number): Promise<Buffer> {
  const { width, height } = slide.levels[level]!;
  const pixels = await slide.readRegion({ level, x: 0, y: 0, width, height });
  return Buffer.from(pixels.data);
}

/** Root of the mean squared difference. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return Math.sqrt(a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0) / a.length);
}

describe('writePyramid', () => {
  it.each([
    [
      '4:4:4',
      2,
      [
        [301, 203],
        [150, 101],
        [75, 50],
        [37, 25],
      ],
      2,
    ],
    [
      '4:2:0',
      4,
      [
        [301, 203],
        [75, 50],
        [18, 12],
      ],
      12,
    ],
  ] as const)(
    'is read back by OpenSlide, the fast path and sharp (%s, levels by %p)',
    async (chroma, levelFactor, levels, limit) => {
      const path = join(directory, `levels-${levelFactor}.tiff`);
      const written = await writePyramid(path, picture(301, 203), { ...options, chroma, levelFactor });
      expect(written.levels.map(({ width, height }) => [width, height])).toEqual(levels);
      expect((await readFile(path)).length).toBe(written.bytes);
      const openslide = await openSlide(path, { reader: 'openslide' });
      const fast = await openSlide(path, { reader: 'tiff' });
      try {
        for (const slide of [openslide, fast]) {
          expect(slide.format).toBe('aperio');
          expect(slide.mpp).toEqual({ x: 0.25, y: 0.25 });
          expect(slide.objectivePower).toBe(40);
          expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(levels);
        }
        const expected = Buffer.from(
          Uint8Array.from({ length: 301 * 203 * 3 }, (_, at) => {
            const pixel = Math.floor(at / 3);
            return colorAt(pixel % 301, Math.floor(pixel / 301))[at % 3]!;
          }),
        );
        const pixels = await whole(openslide, 0);
        expect(difference(pixels, expected)).toBeLessThan(limit);
        expect((await whole(fast, 0)).equals(pixels)).toBe(true);
        expect((await whole(fast, 1)).equals(await whole(openslide, 1))).toBe(true);
        for (const [page, [width, height]] of levels.entries()) {
          const metadata = await sharp(path, { page }).metadata();
          expect([metadata.pages, metadata.width, metadata.height]).toEqual([levels.length, width, height]);
          const read = await sharp(path, { page }).raw().toBuffer();
          expect(difference(read, await whole(fast, page))).toBeLessThan(limit);
        }
      } finally {
        await openslide.close();
        await fast.close();
      }
    },
  );

  it('makes each level the box average of the one below', async () => {
    const path = join(directory, 'average.tiff');
    await writePyramid(path, picture(128, 128, 64), { ...options, quality: 100 });
    const slide = await openSlide(path);
    const below = await whole(slide, 0);
    expect(difference(await whole(slide, 1), reduceTile(below, 128, 2))).toBeLessThan(1.5);
    await slide.close();
  });

  it('gives the same bytes whether or not repeated tiles are marked as such', async () => {
    const painted: string[] = [];
    const source = (keyed: boolean): TileSource => ({
      width: 1000,
      height: 700,
      tile: (column, row) => {
        const key = `${column % 3 === 0 ? 0 : 1},${row % 2}`;
        return {
          ...(keyed && column !== 5 ? { key } : {}),
          paint: () => {
            if (keyed) painted.push(key);
            const [seedX, seedY] = key.split(',').map(Number);
            return Uint8Array.from(
              { length: 64 * 64 * 3 },
              (_, at) => (at * (3 + seedX!) + seedY! * 50) & 255,
            );
          },
        };
      },
    });
    await writePyramid(join(directory, 'plain.tiff'), source(false), options);
    await writePyramid(join(directory, 'keyed.tiff'), source(true), options);
    const [plain, keyed] = await Promise.all(
      ['plain', 'keyed'].map((name) => readFile(join(directory, `${name}.tiff`))),
    );
    expect(plain!.equals(keyed!)).toBe(true);
    // Four kinds, and the eleven tiles of column 5, which claim to be unlike any other.
    expect(painted.length).toBe(4 + 11);
  });

  it.each([
    [1, 1],
    [64, 1],
    [65, 64],
    [3, 1000],
  ])('writes %p x %p', async (width, height) => {
    const path = join(directory, 'small.tiff');
    await writePyramid(path, picture(width, height), options);
    const slide = await openSlide(path, { reader: 'openslide' });
    expect([slide.width, slide.height]).toEqual([width, height]);
    await slide.close();
  });

  it('leaves no file when it fails or is stopped', async () => {
    const folder = join(directory, 'failing');
    const path = join(folder, 'slide.tiff');
    const controller = new AbortController();
    const stopped = writePyramid(path, picture(400, 400), {
      ...options,
      signal: controller.signal,
      onRow: (done) => done === 2 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'Cancelled' });
    const broken: TileSource = {
      ...picture(400, 400),
      tile: (_, row) => ({
        paint: () => {
          if (row === 3) throw new Error('no paint');
          return new Uint8Array(64 * 64 * 3);
        },
      }),
    };
    await expect(writePyramid(path, broken, options)).rejects.toThrow('no paint');
    const short: TileSource = { ...broken, tile: () => ({ paint: () => new Uint8Array(5) }) };
    await expect(writePyramid(path, short, options)).rejects.toThrow();
    expect(await readdir(folder)).toEqual([]);
    await writeFile(join(directory, 'file'), '');
    await expect(
      writePyramid(join(directory, 'file', 'x.tiff'), picture(9, 9), options),
    ).rejects.toMatchObject({
      code: 'StorageFailed',
    });
    await expect(writePyramid(path, picture(0, 9), options)).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });
});
