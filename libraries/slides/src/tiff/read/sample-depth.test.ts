/** Words of 16 bits of which fewer are used, with and without a statement of it. */
import { describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { openSlide } from '../../open-slide.ts';
import { createPixels, type Pixels } from '../../pixels.ts';
import { scratchDirectory } from '../../testing/scratch.ts';
import { buildTiff, paintedPixels, type FixtureLevel, type TiffField } from '../testing/tiff-fixture.ts';

const scratch = scratchDirectory();
const SIDE = 64;
const picture = paintedPixels(SIDE, SIDE);
const short = (tag: number, value: number | number[]): TiffField => ({ tag, type: 'short', value });
const MAX_SAMPLE_VALUE = 281;

interface Words {
  readonly bits: number;
  readonly compression?: number;
  readonly tags?: readonly TiffField[];
  readonly pixels?: Pixels;
  readonly description?: string;
  readonly samples?: 1 | 3 | 4;
  readonly whiteIsZero?: boolean;
}

/** The picture's values as the upper 8 of so many bits, with noise in those below, in words of 16. */
function wordLevel({ bits, compression = 1, tags = [], pixels = picture, ...more }: Words): FixtureLevel {
  const { samples = 3, whiteIsZero = false, description } = more;
  const words = new Uint16Array(SIDE * SIDE * samples);
  const below = 2 ** (bits - 8);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    for (let channel = 0; channel < samples; channel++) {
      const value = pixels.data[pixel * 3 + Math.min(channel, 2)]! * below + ((pixel * 7 + channel) % below);
      words[pixel * samples + channel] = whiteIsZero ? 2 ** bits - 1 - value : value;
    }
  }
  const raw = Buffer.from(words.buffer);
  const coded = { 1: () => raw, 8: () => deflateSync(raw), 50_000: () => zstdCompressSync(raw) }[
    compression
  ]!();
  return {
    width: SIDE,
    height: SIDE,
    tileSide: SIDE,
    tiles: [coded],
    micrometres: 0.5,
    ...(description === undefined ? {} : { description }),
    tags: [
      short(
        258,
        Array.from({ length: samples }, () => 16),
      ),
      short(259, compression),
      short(262, samples >= 3 ? 2 : whiteIsZero ? 0 : 1),
      short(277, samples),
      ...(samples === 4 ? [short(338, 2)] : []),
      ...tags,
    ],
  };
}

let files = 0;

async function read(words: Words): Promise<{ data: Uint8Array; notes: string; reader: string }> {
  const path = scratch(`${files++}.tif`);
  const { description } = words;
  const level = wordLevel(words);
  await writeFile(
    path,
    buildTiff({ levels: [level], ...(description === undefined ? {} : { description }) }),
  );
  const slide = await openSlide(path);
  try {
    const { data } = await slide.readRegion({ level: 0, x: 0, y: 0, width: SIDE, height: SIDE });
    return { data, notes: slide.notes.join('; '), reader: slide.reader };
  } finally {
    await slide.close();
  }
}

const ome = (significant: number): string =>
  `<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels SizeX="${SIDE}" SizeY="${SIDE}" SizeC="3" SizeZ="1" SizeT="1" Type="uint16" SignificantBits="${significant}"><Channel SamplesPerPixel="3"/><TiffData IFD="0"/></Pixels></Image></OME>`;

describe('16-bit samples', () => {
  it.each([8, 10, 12, 14])('show the upper 8 of %s bits that MaxSampleValue states', async (bits) => {
    const { data, notes } = await read({ bits, tags: [short(MAX_SAMPLE_VALUE, 2 ** bits - 1)] });
    expect(data).toEqual(picture.data);
    expect(notes).toContain(`its values have ${bits} bits, in words of 16`);
  });

  it.each([8, 12])('show the upper 8 of %s bits that OME-XML states', async (bits) => {
    const { data } = await read({ bits, description: ome(bits) });
    expect(data).toEqual(picture.data);
  });

  it.each([
    ['deflate', 8],
    ['Zstandard', 50_000],
  ])('are scaled alike in %s', async (_, compression) => {
    const tags = [short(MAX_SAMPLE_VALUE, [4095, 4095, 4095])];
    expect((await read({ bits: 12, compression, tags })).data).toEqual(picture.data);
  });

  it.each([false, true])('are scaled alike in grey (white is 0: %s)', async (whiteIsZero) => {
    const tags = [short(MAX_SAMPLE_VALUE, 4095)];
    const { data } = await read({ bits: 12, samples: 1, whiteIsZero, tags });
    const grey = Uint8Array.from(picture.data, (_, at) => picture.data[at - (at % 3)]!);
    expect(data).toEqual(grey);
  });

  it('are shown unscaled if all 16 bits are used, whatever MaxSampleValue states', async () => {
    const plain = await read({ bits: 16 });
    for (const most of [65_535, 60_000, 4096]) {
      const { data, notes } = await read({ bits: 16, tags: [short(MAX_SAMPLE_VALUE, most)] });
      expect(data).toEqual(plain.data);
      expect(notes).toBe('');
    }
  });

  it.each([
    [8, 1],
    [12, 1],
    [12, 8],
  ])('are refused if they hold %s bits and nothing states it (compression %s)', async (bits, compression) => {
    await expect(read({ bits, compression })).rejects.toMatchObject({
      code: 'SlideUnsupported',
      problem: expect.stringMatching(new RegExp(`seem to have ${bits} bits`, 'u')) as unknown,
      remedy: expect.stringMatching(/tiffset -s 281 4095/u) as unknown,
    });
  });

  it('are accepted if all are 0', async () => {
    const { data } = await read({ bits: 8, pixels: createPixels(SIDE, SIDE, 0) });
    expect(Math.max(...data)).toBe(0);
  });

  it('are refused with an alpha channel of more bits than the colours', async () => {
    const tags = [short(MAX_SAMPLE_VALUE, 4095)];
    await expect(read({ bits: 12, samples: 4, tags })).rejects.toMatchObject({
      problem: expect.stringMatching(/one channel is opacity/u) as unknown,
    });
  });
});
