import { describe, expect, it } from '@jest/globals';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSlide } from '../open-slide.ts';
import type { Slide } from '../slide.ts';
import { readDicomSeries } from './dicom-header.ts';
import { buildDicom, JPEG_2000_LOSSY, type DicomFixture } from '../testing/dicom-fixture.ts';
import { scratchDirectory } from '../testing/scratch.ts';
import { decodedLevel, encodedLevel, paintedPixels } from '../tiff/testing/tiff-fixture.ts';

const scratch = scratchDirectory();
const TILE = 64;
const WIDTH = 128;
const HEIGHT = 192;
const level = await encodedLevel(paintedPixels(WIDTH, HEIGHT), {
  tileSide: TILE,
  chromaSubsampling: '4:2:0',
});
const fixture: DicomFixture = { width: WIDTH, height: HEIGHT, tileSide: TILE, frames: level.tiles };

/** A slide of several files is a directory, so every one here has its own. */
async function use<T>(name: string, more: Partial<DicomFixture>, work: (slide: Slide) => Promise<T> | T) {
  const directory = scratch(name);
  await mkdir(directory);
  const path = join(directory, 'slide.dcm');
  await writeFile(path, buildDicom({ ...fixture, ...more }));
  const slide = await openSlide(path);
  try {
    return await work(slide);
  } finally {
    await slide.close();
  }
}

/** The main header of a JPEG 2000 codestream, as far as its coding style. */
function codestream(transform: 0 | 1): Buffer {
  const [start, size, style] = [
    Buffer.from('ff4f', 'hex'),
    Buffer.from('ff51000400', 'hex'),
    Buffer.alloc(14),
  ];
  style.set([0xff, 0x52, 0, 12, 0, 0, 0, 1, transform]);
  return Buffer.concat([start, Buffer.concat([size, Buffer.alloc(1)]), style]);
}

describe('a DICOM slide', () => {
  it('is read with its original pixels', async () => {
    await use('good', {}, async (slide) => {
      const { data } = await slide.readRegion({ level: 0, x: 0, y: 0, width: WIDTH, height: HEIGHT });
      expect(Buffer.compare(data, (await decodedLevel(level)).data)).toBe(0);
      expect([slide.mpp?.x, slide.notes]).toEqual([0.5, []]);
    });
  });

  it.each<[string, Partial<DicomFixture>, RegExp]>([
    ['YCbCr frames that are called RGB', { photometric: 'RGB' }, /are RGB, but its JPEG frames are YCbCr/u],
    [
      'JPEG 2000 that is called transformed and is not',
      {
        photometric: 'YBR_ICT',
        transferSyntax: JPEG_2000_LOSSY,
        frames: level.tiles.map(() => codestream(0)),
      },
      /YBR_ICT, but its JPEG 2000 frames have no colour transform/u,
    ],
    ['several focal planes', { focalPlanes: 3 }, /3 focal planes/u],
    [
      'several optical paths in no fixed order',
      { opticalPaths: 2, organization: 'TILED_SPARSE', places: true },
      /2 optical paths/u,
    ],
    [
      'frames without places',
      { organization: 'TILED_SPARSE' },
      /TILED_SPARSE, and nothing says where they are/u,
    ],
    ['values of 12 bits', { bits: [12, 16] }, /values have 12 bits \(BitsStored\) in words of 16: export/u],
    [
      'values of 8 bits in words of 16',
      { bits: [8, 16] },
      /values have 8 bits \(BitsStored\) in words of 16/u,
    ],
    ['one channel', { samples: 1, photometric: 'MONOCHROME2' }, /1 channel \(MONOCHROME2\)/u],
  ])('is refused for %s', async (name, more, problem) => {
    await expect(use(name.replaceAll(' ', '-'), more, () => 0)).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(problem) as unknown,
    });
  });

  it('names the optical path that is read, and may be consistent JPEG 2000', async () => {
    await use('paths', { opticalPaths: 2, frames: [...level.tiles, ...level.tiles] }, ({ notes }) => {
      expect(notes.join()).toMatch(/2 optical paths; the first one is read/u);
    });
    const frames = level.tiles.map(() => codestream(1));
    const transformed = { photometric: 'YBR_ICT', transferSyntax: JPEG_2000_LOSSY, frames };
    await use('transformed', transformed, ({ notes }) => expect(notes).toEqual([]));
  });

  it('is refused for a header that is too long to be checked', async () => {
    const directory = scratch('long');
    await mkdir(directory);
    const path = join(directory, 'slide.dcm');
    const longElement = 2 ** 28;
    await writeFile(
      path,
      buildDicom({ ...fixture, organization: 'TILED_SPARSE', places: true, longElement, frames: [] }),
    );
    // Where it ends has no bearing on it; what is not written takes no place on the disk.
    await truncate(path, longElement);
    await expect(openSlide(path)).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(/TILED_SPARSE, and its header is longer than the 128 MiB/u) as unknown,
    });
  });

  it('is refused if the headers of its series exceed their memory together', async () => {
    const directory = scratch('many');
    await mkdir(directory);
    const one = buildDicom({ ...fixture });
    const other = buildDicom({ ...fixture, series: '1.2.3.4.99' });
    const names = Array.from({ length: 8 }, (_, index) => `${index}.dcm`);
    for (const name of names) await writeFile(join(directory, name), name < '4' ? one : other);
    const read = (most: number) => readDicomSeries(join(directory, '0.dcm'), most);
    expect(await read(4 * one.length)).toMatchObject({ tooLong: false, all: { length: 4 } });
    expect(await read(4 * one.length - 1)).toMatchObject({ tooLong: true });
  });
});
