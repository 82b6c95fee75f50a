/** Augmentation against numpy and scipy. */
import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { mapDensities, stainChange } from '@wsi-operator/slides';
import { execFileSync } from 'node:child_process';
import { Blur } from './blur.ts';
import { changeColours } from './colour.ts';

const { pythonReference } = readSetup();
const whenSetUp = pythonReference === null ? describe.skip : describe;

type Case = readonly [change: string, (tile: Uint8Array, size: number) => void, argument: object];

const stain = (
  factors: readonly [number, number, number],
  biases: readonly [number, number, number],
): Case => ['stain', (tile) => mapDensities(tile, stainChange(factors, biases)), { factors, biases }];
const colour = (brightness: number, contrast: number, saturation: number, hue: number): Case => {
  const change = { brightness, contrast, saturation, hue };
  return ['colour', (tile) => changeColours(tile, change), change];
};
const blur = (sigma: number): Case => ['blur', (tile, size) => new Blur(size).blur(tile, sigma), { sigma }];

const cases = [
  ...[
    stain([1, 1, 1], [0, 0, 0]),
    stain([1.2, 0.8, 1.1], [0.05, -0.02, 0.01]),
    stain([2, 0, 1], [0.3, 0.3, -1]),
  ],
  ...[colour(1.2, 1, 1, 0), colour(1, 0.5, 1, 0), colour(0.8, 1.4, 1.9, 0.05), colour(1.1, 0.9, 0.7, -0.5)],
  ...[blur(0.25), blur(1), blur(2.5), blur(5)],
];

whenSetUp(
  'augmentation against Python (skipped without `node tools/setup/setup.mjs --python-reference`)',
  () => {
    it('has the pixels of numpy and scipy, on tiles of several sizes', () => {
      const all = [1, 9, 40].flatMap((size) => {
        const stream = new RandomStream(size, 'reference');
        const tile = Uint8Array.from({ length: size * size * 3 }, () => stream.integer(256));
        return cases.map(([name, change, argument]) => ({ name, size, tile, change, argument }));
      });
      const script = new URL('./reference.py', import.meta.url).pathname;
      const input = JSON.stringify(
        all.map(({ name, size, tile, argument }) => [name, size, [...tile], argument]),
      );
      const output = execFileSync(pythonReference!, [script], { input, encoding: 'utf8' });
      const answers = JSON.parse(output) as number[][];
      expect(answers).toHaveLength(all.length);
      const farthest = all.map(({ size, tile, change }, index) => {
        const changed = tile.slice();
        change(changed, size);
        return Math.max(...answers[index]!.map((value, at) => Math.abs(value - changed[at]!)));
      });
      // Rounded to whole values; tables and weights have about 1/10 of a value more.
      expect(Math.max(...farthest)).toBeLessThan(0.7);
    });
  },
);
