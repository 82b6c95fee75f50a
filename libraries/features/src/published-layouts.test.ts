/** Files of features by h5py, in each published layout and in forms that cannot be used; and ours, read by h5py. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSetup } from '@wsi-operator/setup/locations';
import { FeatureReader, FeatureWriter } from './index.ts';

const { pythonReference } = readSetup();
const whenSetUp = pythonReference === null ? describe.skip : describe;
const SCRIPT = new URL('./testing/published_layouts.py', import.meta.url).pathname;
const python = (...args: string[]): string =>
  execFileSync(pythonReference!, [SCRIPT, ...args], { encoding: 'utf8' });

/** Of the files that hold the same numbers. */
const LAYOUTS = {
  trident: 'trident',
  'trident-batch': 'trident',
  'trident-gzip': 'trident',
  clam: 'clam',
  float16: 'trident',
  float64: 'trident',
  'big-endian': 'trident',
  'int32-coords': 'trident',
} as const;

const REFUSALS: Readonly<Record<string, RegExp>> = {
  lzf: /features is compressed with lzf .*h5repack/,
  nan: /features, row 4, number 2: the value is not finite/,
  infinite: /features, row 4, number 2: the value is not finite/,
  'beyond-float32': /features, row 0, number 0: .* too large for float32/,
  'no-rows': /has no rows/,
  'fewer-coords': /features has 7 rows, but coords has 6/,
  flat: /features has the shape \[35\], not \[N, D\]/,
  'two-batches': /features has the shape \[2, 7, 5\]/,
  integers: /features has values of a type that is not read/,
  negative: /coords, row 3: the coordinate lies outside the slide/,
  outside: /coords, row 3: the coordinate lies outside the slide/,
  'huge-coords': /coords, row 3: the coordinate lies outside the slide/,
  fractions: /coords, row 0: the coordinate is a fraction/,
  unit: /coords is in the unit 'um'/,
  'stamp-without-unit': /does not say the unit of coords/,
  bfloat16: /features has floats of two bytes .*such as bfloat16.*features\.float\(\)/,
  bits: /features has values of a type that is not read/,
  'never-written': /its last rows hold only zeros \(7 of 7\)/,
  padded: /its last rows hold only zeros \(2 of 7\)/,
  'no-features': /neither a dataset features .* nor a dataset feats/,
  'no-coords': /no dataset coords/,
  both: /which one counts is not known/,
  'huge-shape': /1099511627776 rows of 1024 numbers/,
  'many-rows': /too small to hold them/,
  'huge-chunk': /chunks of 1024 MiB/,
  'external-link': /neither a dataset features/,
  'external-storage': /its numbers are in another file/,
  virtual: /virtual dataset/,
};

whenSetUp(
  'files of features by h5py (skipped without `node tools/setup/setup.mjs --python-reference`)',
  () => {
    const reader = new FeatureReader();
    const writer = new FeatureWriter();
    let directory = '';
    const path = (name: string): string => join(directory, `${name}.h5`);
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'wsi-layouts-'));
      python('write', directory);
    });
    afterAll(async () => {
      await reader.close();
      await writer.close();
      await rm(directory, { recursive: true, force: true });
    });

    it.each(Object.entries(LAYOUTS))('%s is read in the layout of %s', async (name, layout) => {
      const { file, coordinates, digest } = await reader.survey(path(name));
      expect(file).toMatchObject({ layout, rows: 7, size: 5, coordinates: { unit: 'pixels' } });
      expect([...(await reader.rows(path(name), 2, 2))]).toEqual(
        [...Array(10).keys()].map((n) => (n + 10) / 8),
      );
      expect([...coordinates.slice(0, 8)]).toEqual([0, 0, 512, 0, 1024, 0, 0, 512]);
      // The numbers count, not how they are stored.
      expect(digest).toBe((await reader.survey(path('trident'))).digest);
      if (layout === 'trident')
        expect(file).toMatchObject({
          encoder: 'uni_v2',
          width: 4096,
          height: 3072,
          coordinates: { tileSide: 512 },
        });
    });

    it("STAMP's are in micrometres", async () => {
      const { file, coordinates } = await reader.survey(path('stamp'));
      expect(file).toEqual({
        layout: 'stamp',
        rows: 7,
        size: 5,
        encoder: 'uni2',
        coordinates: { unit: 'micrometres', tileSide: 256 },
      });
      expect([...coordinates.slice(0, 8)]).toEqual([0, 0, 256, 0, 512, 0, 0, 256]);
      expect([...(await reader.rows(path('stamp'), 6, 1))]).toEqual([30, 31, 32, 33, 34].map((n) => n / 8));
    });

    it('a row of zeros among others is counted', async () => {
      expect((await reader.survey(path('zero-row'))).zeroRows).toBe(1);
      expect((await reader.survey(path('clam'))).zeroRows).toBe(0);
    });

    it.each(Object.entries(REFUSALS))(
      '%s is refused, with the file, the place and what to do',
      async (name, problem) => {
        const error = await reader.survey(path(name)).catch((thrown: unknown) => thrown as Error);
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).message).toMatch(problem);
        expect((error as Error).message).toContain(path(name));
        expect(error).toHaveProperty('remedy', expect.stringMatching(/\.$/));
      },
    );

    it.each(['trident', 'clam', 'stamp'] as const)(
      'reads ours in the layout of %s with equal numbers',
      async (layout) => {
        const features = Float32Array.from({ length: 6 }, (_, index) => Math.fround(Math.sin(index)));
        await writer.write(
          path('ours'),
          {
            layout,
            size: 3,
            key: {
              encoder: 'tiny',
              encoderDigest: 'd',
              patches: '{}',
              slideFingerprint: 'f',
              toolVersion: '1',
            },
            slide: 'S1',
            width: 4096,
            height: 3072,
            tile: { side: 256, level0Side: 512, overlap: 0, resolution: { mpp: 0.5, level0Mpp: 0.25 } },
          },
          [{ features, coordinates: Float64Array.of(0, 0, 512, 1024) }],
        );
        const read = JSON.parse(python('read', path('ours'))) as Record<
          'file' | 'features' | 'feats' | 'coords',
          {
            readonly values: number[];
            readonly shape: number[];
            readonly attributes: Record<string, unknown>;
          }
        >;
        const dataset = layout === 'stamp' ? read.feats : read.features;
        expect(dataset.values).toEqual([...features]);
        expect(dataset.shape).toEqual([2, 3]);
        expect(read.coords.values).toEqual(layout === 'stamp' ? [0, 0, 128, 256] : [0, 0, 512, 1024]);
        expect(read.file).toMatchObject({ wsi_encoder: 'tiny', wsi_slide_fingerprint: 'f' });
        if (layout === 'stamp')
          expect(read.file).toMatchObject({ unit: 'um', tile_size_um: 128, extractor: 'tiny' });
        if (layout === 'trident') {
          expect(read.coords.attributes).toEqual({
            patch_size: 256,
            patch_size_level0: 512,
            level0_magnification: 40,
            target_magnification: 20,
            overlap: 0,
            level0_width: 4096,
            level0_height: 3072,
            name: 'S1',
            savetodir: '.',
          });
        }
      },
    );
  },
);
