/** Files of features that were written here: the same bytes again, a whole file or none, and damage to every part. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import { FeatureReader, FeatureWriter, sameKey, type FeatureContent, type FeatureRows } from './index.ts';

const SIZE = 6;
const KEY = {
  encoder: 'tiny',
  encoderDigest: 'a'.repeat(64),
  patches: '{"size":256}',
  slideFingerprint: 'b'.repeat(64),
  toolVersion: '1.2.3',
};
const CONTENT: FeatureContent = {
  layout: 'trident',
  size: SIZE,
  key: KEY,
  slide: 'S1',
  width: 100_000,
  height: 80_000,
  tile: { side: 256, level0Side: 512, overlap: 0, resolution: { mpp: 0.5, level0Mpp: 0.25 } },
};

function* parts(counts: readonly number[]): Generator<FeatureRows> {
  let row = 0;
  for (const count of counts) {
    const coordinates = new Float64Array(count * 2);
    const features = new Float32Array(count * SIZE);
    for (let index = 0; index < count; index++, row++) {
      coordinates.set([512 * (row % 100), 512 * Math.floor(row / 100)], index * 2);
      for (let number = 0; number < SIZE; number++) features[index * SIZE + number] = row + number / 8;
    }
    yield { features, coordinates };
  }
}

describe('files of features', () => {
  const reader = new FeatureReader();
  const writer = new FeatureWriter();
  let directory = '';
  const path = (name: string): string => join(directory, name);
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-features-'));
  });
  afterAll(async () => {
    await reader.close();
    await writer.close();
    await rm(directory, { recursive: true, force: true });
  });

  it.each(['trident', 'clam', 'stamp'] as const)(
    'are read as they were written, in the layout of %s',
    async (layout) => {
      await writer.write(path(`${layout}.h5`), { ...CONTENT, layout }, parts([1000, 1, 499]));
      const { file, coordinates } = await reader.survey(path(`${layout}.h5`));
      expect(file).toMatchObject({ layout, rows: 1500, size: SIZE, key: KEY });
      const unit = layout === 'stamp' ? 0.25 : 1;
      expect([...coordinates.slice(-2)]).toEqual([512 * 99 * unit, 512 * 14 * unit]);
      expect(file.coordinates.tileSide).toBe({ trident: 512, clam: undefined, stamp: 128 }[layout]);
      // Each is read as an own file, although the path is the same: what is kept open is another.
      const rows = await new FeatureReader().rows(path(`${layout}.h5`), 999, 3);
      expect([...rows]).toEqual(
        [999, 1000, 1001].flatMap((row) => [0, 1, 2, 3, 4, 5].map((n) => row + n / 8)),
      );
    },
  );

  it('have the same bytes whenever and in whatever parts they are written', async () => {
    await writer.write(path('one.h5'), CONTENT, parts([1500]));
    const before = Math.floor(Date.now() / 1000);
    while (Math.floor(Date.now() / 1000) === before) await new Promise((resolve) => setImmediate(resolve));
    await writer.write(path('two.h5'), CONTENT, parts([1500]));
    await writer.write(path('parts.h5'), CONTENT, parts([1000, 1, 499]));
    const [one, two, three] = await Promise.all(
      ['one.h5', 'two.h5', 'parts.h5'].map((name) => readFile(path(name))),
    );
    expect(one!.equals(two!)).toBe(true);
    const [whole, inParts] = [await reader.survey(path('one.h5')), await reader.survey(path('parts.h5'))];
    expect(inParts.digest).toBe(whole.digest);
    expect(three!.length).toBeGreaterThan(0);
  });

  it('appear as a whole or not at all', async () => {
    const failing = function* (): Generator<FeatureRows> {
      yield* parts([10]);
      throw new Error('the encoder failed');
    };
    await expect(writer.write(path('half.h5'), CONTENT, failing())).rejects.toThrow('the encoder failed');
    expect((await readdir(directory)).filter((name) => name.startsWith('half'))).toEqual([]);
  });

  it('name the directory that cannot be written', async () => {
    await writeFile(path('file'), '');
    await expect(writer.write(path('file/a.h5'), CONTENT, parts([1]))).rejects.toThrow(path('file'));
  });

  it('are refused, with their path, when they are not there, no HDF5 or cut anywhere', async () => {
    await expect(reader.describe(path('none.h5'))).rejects.toThrow(/none\.h5: the file cannot be opened/);
    await writeFile(path('text.h5'), 'slide,label\n');
    await expect(reader.describe(path('text.h5'))).rejects.toThrow(/text\.h5: the file is no HDF5 file/);
    await writer.write(path('whole.h5'), CONTENT, parts([300]));
    const { length } = await readFile(path('whole.h5'));
    for (const share of [0, 0.01, 0.1, 0.5, 0.9, 0.999]) {
      await copyFile(path('whole.h5'), path('cut.h5'));
      await truncate(path('cut.h5'), Math.floor(length * share));
      await expect(reader.survey(path('cut.h5'))).rejects.toThrow(/cut\.h5: .*truncated or damaged/);
    }
  });

  it('end in a refusal or in numbers, whichever bytes are flipped', async () => {
    await writer.write(path('sound.h5'), CONTENT, parts([40]));
    const sound = await readFile(path('sound.h5'));
    const random = new RandomStream(7, 'damage');
    // Some damage leads HDF5 in circles.
    const hasty = new FeatureReader(10_000);
    for (let trial = 0; trial < 20; trial++) {
      const damaged = Buffer.from(sound);
      // Most of the headers lie at the beginning.
      const range = trial % 2 === 0 ? Math.min(4096, damaged.length) : damaged.length;
      for (let flips = 0; flips < 4; flips++) damaged[random.integer(range)] = random.integer(256);
      await writeFile(path('damaged.h5'), damaged);
      const outcome = await hasty.survey(path('damaged.h5')).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(WsiError);
        expect(outcome.message).toContain('damaged.h5');
      } else expect(outcome).toHaveProperty('digest');
    }
    // After all of that the next file is read as ever.
    expect((await hasty.survey(path('sound.h5'))).file.rows).toBe(40);
    await hasty.close();
  });

  it('are the same features when only the version of the tool differs', () => {
    expect(sameKey(KEY, { ...KEY, toolVersion: '2.0.0' })).toBe(true);
    for (const field of ['encoder', 'encoderDigest', 'patches', 'slideFingerprint'] as const)
      expect(sameKey(KEY, { ...KEY, [field]: 'other' })).toBe(false);
  });
});
