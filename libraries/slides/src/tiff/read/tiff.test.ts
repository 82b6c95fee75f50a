import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { openSlide } from '../../open-slide.ts';
import { copyPixels, createPixels, intersection, type Pixels } from '../../pixels.ts';
import type { LevelRegion, Slide } from '../../slide.ts';
import { scratchDirectory } from '../../testing/scratch.ts';
import {
  buildTiff,
  decodedLevel,
  encodedLevel,
  paintedPixels,
  type EncodingOptions,
  type TiffFixture,
} from '../testing/tiff-fixture.ts';

const scratch = scratchDirectory();

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Two levels and their pixels as sharp decodes the complete tiles. */
async function pyramid(
  options: EncodingOptions,
): Promise<{ levels: TiffFixture['levels']; pixels: Pixels[] }> {
  const pictures = [paintedPixels(300, 220), paintedPixels(150, 110, 2)];
  const whole = await Promise.all(
    pictures.map((each) => encodedLevel(each, { ...options, sharedTables: false })),
  );
  const levels = await Promise.all(pictures.map((each) => encodedLevel(each, options)));
  const pixels = await Promise.all(levels.map((level, index) => decodedLevel(level, whole[index]!.tiles)));
  return { levels, pixels };
}

/** What a region must be: the level's pixels where there are any, white elsewhere. */
function expected(level: Pixels, region: LevelRegion, downsample: number): Uint8Array {
  const result = createPixels(region.width, region.height);
  const place = {
    x: region.x / downsample,
    y: region.y / downsample,
    width: region.width,
    height: region.height,
  };
  const part = intersection(place, { x: 0, y: 0, width: level.width, height: level.height });
  if (part !== undefined) copyPixels(level, part, result, part.x - place.x, part.y - place.y);
  return result.data;
}

async function expectEqualRegions(slide: Slide, pixels: readonly Pixels[], numRuns: number): Promise<void> {
  const coordinate = fc.integer({ min: -40, max: 320 });
  const side = fc.integer({ min: 1, max: 320 });
  await fc.assert(
    fc.asyncProperty(fc.nat(1), coordinate, coordinate, side, side, async (level, x, y, width, height) => {
      const downsample = 2 ** level;
      const region = { level, x: x * downsample, y: y * downsample, width, height };
      const read = await slide.readRegion(region);
      expect(same(read.data, expected(pixels[level]!, region, downsample))).toBe(true);
    }),
    { numRuns },
  );
}

describe('the TIFF fast path', () => {
  const layouts = [true, false].flatMap((littleEndian) =>
    [true, false].flatMap((bigTiff) =>
      [true, false].map((subDirectories) => ({ littleEndian, bigTiff, subDirectories })),
    ),
  );

  it.each(layouts)(
    'reads $littleEndian little endian, $bigTiff BigTIFF, $subDirectories SubIFDs',
    async (layout) => {
      const { levels, pixels } = await pyramid({ tileSide: 64, sharedTables: layout.bigTiff });
      const path = scratch(`layout-${Object.values(layout).map(Number).join('')}.tif`);
      await writeFile(path, buildTiff({ ...layout, levels }));
      const slide = await openSlide(path, { reader: 'tiff' });
      expect(slide).toMatchObject({ width: 300, height: 220, reader: 'tiff' });
      expect(slide.levels.map(({ downsample }) => downsample)).toEqual([1, 2]);
      await expectEqualRegions(slide, pixels, 12);
      await slide.close();
    },
  );

  it.each([
    { chromaSubsampling: '4:4:4', sharedTables: true },
    { chromaSubsampling: '4:2:0', sharedTables: true },
    { chromaSubsampling: '4:4:4', sharedTables: false },
    { chromaSubsampling: '4:2:0', sharedTables: false },
  ] as const)('gives the same pixels as OpenSlide: %j', async (encoding) => {
    const { levels, pixels } = await pyramid({ tileSide: 48, ...encoding, micrometres: 0.5 });
    const path = scratch('encoding.tif');
    await writeFile(path, buildTiff({ levels }));
    const [fast, reference] = await Promise.all([openSlide(path), openSlide(path, { reader: 'openslide' })]);
    expect(fast.reader).toBe('tiff');
    expect(fast.format).toBe(reference.format);
    expect(fast.mpp).toEqual(reference.mpp);
    expect(fast.fingerprint).toBe(reference.fingerprint);
    for (const [name, value] of Object.entries(reference.properties)) {
      if (name === 'openslide.quickhash-1') continue;
      const own = fast.properties[name];
      expect([name, Number.isNaN(Number(value)) ? own : Number(own)]).toEqual([
        name,
        Number.isNaN(Number(value)) ? value : Number(value),
      ]);
    }
    await expectEqualRegions(fast, pixels, 15);
    await expectEqualRegions(reference, pixels, 15);
    await Promise.all([fast.close(), reference.close()]);
  });

  it('reads files of libvips as OpenSlide does, also at a fractional downsample on whole level pixels', async () => {
    const { data, width, height } = paintedPixels(1000, 700);
    const path = scratch('vips.tif');
    await sharp(data, { raw: { width, height, channels: 3 } })
      .tiff({
        compression: 'jpeg',
        tile: true,
        tileWidth: 128,
        tileHeight: 128,
        pyramid: true,
        bigtiff: true,
        resolutionUnit: 'cm',
        xres: 2000,
        yres: 2000,
      })
      .toFile(path);
    const [fast, reference] = await Promise.all([openSlide(path), openSlide(path, { reader: 'openslide' })]);
    expect(fast.reader).toBe('tiff');
    expect(fast.mpp).toEqual({ x: 0.5, y: 0.5 });
    expect(fast.levels).toEqual(reference.levels);
    for (const [level, { width: levelWidth, height: levelHeight }] of fast.levels.entries()) {
      const region = { level, x: 0, y: 0, width: levelWidth + 3, height: levelHeight + 3 };
      const [a, b] = await Promise.all([fast.readRegion(region), reference.readRegion(region)]);
      expect([level, same(a.data, b.data)]).toEqual([level, true]);
    }
    await Promise.all([fast.close(), reference.close()]);
  });

  it('reads Aperio properties from the description', async () => {
    const { levels } = await pyramid({ tileSide: 64 });
    const path = scratch('aperio.svs');
    const description = 'Aperio Image Library v1\r\n300x220|AppMag = 40|MPP = 0.2500|User = a=b';
    await writeFile(path, buildTiff({ levels, description }));
    const slide = await openSlide(path);
    expect(slide).toMatchObject({ format: 'aperio', mpp: { x: 0.25, y: 0.25 }, objectivePower: 40 });
    expect(slide.properties['aperio.User']).toBe('a=b');
    await slide.close();
  });

  it('gives each file a fingerprint that does not depend on its name', async () => {
    const { levels } = await pyramid({ tileSide: 64 });
    const other = { ...levels[0]!, tiles: [levels[0]!.tiles[1]!, ...levels[0]!.tiles.slice(1)] };
    const files = [{ levels }, { levels }, { levels: [other, levels[1]!] }];
    const fingerprints: string[] = [];
    for (const [index, fixture] of files.entries()) {
      const path = scratch(`fingerprint-${index}.tif`);
      await writeFile(path, buildTiff(fixture));
      const slide = await openSlide(path);
      fingerprints.push(slide.fingerprint);
      await slide.close();
    }
    expect(fingerprints[0]).toBe(fingerprints[1]);
    expect(fingerprints[0]).not.toBe(fingerprints[2]);
  });
});
