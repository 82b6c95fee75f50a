import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { openSlide } from '../open-slide.ts';
import { realSlide } from '../testing/scratch.ts';
import { tileGrid } from '../tile-grid.ts';
import { tissueMask } from '../tissue/tissue.ts';
import { mapDensities, type Vector3 } from './density-map.ts';
import { fitStains, normalisation, PUBLISHED_STAINS, type StainPair } from './macenko.ts';
import { slideStain } from './slide-stain.ts';

/** Made-up tissue: random amounts of two stains in the light of 240, with a little noise. */
function madeUp(h: Vector3, e: Vector3, { most = [2, 1], noise = 1, count = 20_000 } = {}): Uint8Array {
  const stream = new RandomStream(5, 'tissue');
  const pixels = new Uint8Array(count * 3);
  for (let at = 0; at < pixels.length; at += 3) {
    const [x, y] = [most[0]! * stream.uniform() ** 2, most[1]! * stream.uniform() ** 2];
    h.forEach((value, channel) => {
      const clean = 240 * Math.exp(-(x * value + y * e[channel]!)) - 1 + noise * stream.normal();
      pixels[at + channel] = Math.round(Math.min(255, Math.max(0, clean)));
    });
  }
  return pixels;
}

const tissue = madeUp([0.65, 0.7, 0.29], [0.07, 0.99, 0.11]);

function fitted(pixels: Uint8Array): StainPair {
  const stains = fitStains(pixels);
  if (typeof stains === 'string') throw new Error(stains);
  return stains;
}

function normalised(pixels: Uint8Array): Uint8Array {
  const map = normalisation(fitted(pixels), PUBLISHED_STAINS);
  if (typeof map === 'string') throw new Error(map);
  const result = pixels.slice();
  mapDensities(result, map);
  return result;
}

describe('stains of made-up tissue', () => {
  it('are found, and become those of the reference', () => {
    const after = fitted(normalised(tissue));
    for (const stain of ['haematoxylin', 'eosin'] as const) {
      const [wanted, length] = [PUBLISHED_STAINS[stain], Math.hypot(...PUBLISHED_STAINS[stain])];
      after[stain].forEach((value, channel) => expect(value).toBeCloseTo(wanted[channel]! / length, 1));
    }
    after.amounts.forEach((amount, stain) => expect(amount).toBeCloseTo(PUBLISHED_STAINS.amounts[stain]!, 1));
  });

  it('leave glass nearly white, and are the same again for a slide that has those of the reference', () => {
    const map = normalisation(fitted(tissue), PUBLISHED_STAINS);
    const white = new Uint8Array(30).fill(255);
    if (typeof map !== 'string') mapDensities(white, map);
    expect(Math.min(...white)).toBeGreaterThan(235);
    const own = normalisation(PUBLISHED_STAINS, PUBLISHED_STAINS);
    const pixels = madeUp(PUBLISHED_STAINS.haematoxylin, PUBLISHED_STAINS.eosin, { noise: 0, count: 1000 });
    const mapped = pixels.slice();
    if (typeof own !== 'string') mapDensities(mapped, own);
    const farthest = Math.max(...mapped.map((value, at) => Math.abs(value - pixels[at]!)));
    expect(farthest).toBeLessThanOrEqual(2);
  });
});

const grey: Vector3 = [0.577, 0.577, 0.577];
const { haematoxylin, eosin } = PUBLISHED_STAINS;

it.each<[name: string, pixels: Uint8Array, says: string]>([
  ['no tissue', new Uint8Array(0), 'hardly any of its tissue is stained'],
  ['white tiles', new Uint8Array(30_000).fill(255), 'hardly any of its tissue is stained'],
  ['a few stained pixels', tissue.subarray(0, 600), 'hardly any of its tissue is stained'],
  ['one grey', new Uint8Array(30_000).fill(90), 'its colours are'],
  ['greys', madeUp(grey, grey, { noise: 0 }), 'its colours are'],
  ['one stain', madeUp(haematoxylin, haematoxylin, { noise: 0 }), 'its colours are those of one stain'],
  ['black', new Uint8Array(30_000), 'its colours are'],
  ['a green and a red pen', madeUp([0.9, 0.05, 0.9], [0.03, 0.9, 0.9], { most: [3, 3] }), ''],
])('a slide with %s is fitted with finite numbers or not at all', (_, pixels, says) => {
  const stains = fitStains(pixels);
  const map = typeof stains === 'string' ? stains : normalisation(stains, PUBLISHED_STAINS);
  if (typeof map === 'string') expect(map).toContain(says);
  else
    expect([...map.matrix, ...map.offset].every((value) => Number.isFinite(value)) && says === '').toBe(true);
});

it('a slide whose eosin is nearly absent is not normalised', () => {
  const faint = { ...PUBLISHED_STAINS, amounts: [1.5, 0.05] } as const;
  expect(normalisation(faint, PUBLISHED_STAINS)).toBe('one of its stains is nearly absent');
  expect(normalisation({ ...faint, amounts: [1, Number.NaN] }, PUBLISHED_STAINS)).toContain('absent');
});

const python = readSetup().pythonReference;
const path = realSlide();
(python === null ? describe.skip : describe)(
  'against numpy (skipped without `node tools/setup/setup.mjs --python-reference`)',
  () => {
    function compare(all: readonly Uint8Array[]): void {
      const script = new URL('./reference.py', import.meta.url).pathname;
      const input = JSON.stringify(all.map((pixels) => [...pixels]));
      const output = execFileSync(python!, [script], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
      const answers = JSON.parse(output) as { stains: number[][]; amounts: number[]; pixels: number[] }[];
      answers.forEach((answer, index) => {
        const stains = fitted(all[index]!);
        [stains.haematoxylin, stains.eosin].forEach((stain, row) =>
          stain.forEach((value, channel) => expect(value).toBeCloseTo(answer.stains[row]![channel]!, 3)),
        );
        stains.amounts.forEach((amount, stain) => expect(amount).toBeCloseTo(answer.amounts[stain]!, 2));
        const changed = normalised(all[index]!);
        const farthest = answer.pixels.reduce(
          (most, value, at) => Math.max(most, Math.abs(value - changed[at]!)),
          0,
        );
        // Rounded to whole values, and tables of densities with four decimals.
        expect(farthest).toBeLessThan(1);
      });
    }

    it('finds the same stains and pixels in made-up tissue', () => {
      compare([tissue, madeUp(haematoxylin, eosin, { count: 5000 })]);
    });

    (path === undefined ? it.skip : it)(
      'finds the same in tiles of the real slide (skipped without WSI_SHARED), which it gives the stains of the reference',
      async () => {
        const slide = await openSlide(path!);
        try {
          const mask = await tissueMask(slide, {});
          const grid = await tileGrid(slide, { size: 224, level: 0 }, { mask });
          const tiles = await slide.readPatches({
            level: 0,
            size: 64,
            coordinates: grid.coordinates.subarray(0, 40),
          });
          compare([tiles]);
          const { map, note } = await slideStain(slide, { grid, mask }, { method: 'macenko' });
          expect(note).toBeUndefined();
          mapDensities(tiles, map!);
          const after = fitted(tiles);
          after.amounts.forEach((amount, stain) => {
            expect(Math.abs(amount / PUBLISHED_STAINS.amounts[stain]! - 1)).toBeLessThan(0.4);
          });
        } finally {
          await slide.close();
        }
      },
    );
  },
);
