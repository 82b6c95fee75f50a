/** Bags of digits as slides: what training will see is what was drawn. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import { openSlide, tileGrid, TileReader } from '@wsi-operator/slides';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { drawBags, type Bag } from './bags.ts';
import { recipeOfSample, SAMPLE, type MnistBagsRow } from './compare.ts';
import { DIGIT_SIDE, readDigits, type Digit } from './digits.ts';
import { estimate, mnistBagsTable } from './summary.ts';
import { slideName, writeCohort } from './write-cohort.ts';

let digits: readonly Digit[];
let labels: number[];
let directory: string;

beforeAll(async () => {
  digits = await readDigits();
  labels = digits.map(({ label }) => label);
  directory = await mkdtemp(join(tmpdir(), 'wsi-mnist-bags-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('the digits', () => {
  it('are the ten thousand of the package, of all kinds, with the background at 0 and ink up to 255', () => {
    expect(digits).toHaveLength(10_000);
    expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect(digits.every(({ pixels }) => pixels.length === DIGIT_SIDE ** 2 && pixels[0] === 0)).toBe(true);
    expect(Math.max(...digits.slice(0, 50).flatMap(({ pixels }) => [...pixels]))).toBe(255);
  });
});

describe('bags', () => {
  const draw = (train: number, test: number, seed: number): Bag[] => drawBags(labels, { train, test }, seed);

  it('are positive when a 9 is in them, half of each set', () => {
    const bags = draw(100, 60, 1);
    for (const { digits: places, positive } of bags) {
      expect(places.some((place) => labels[place] === 9)).toBe(positive);
    }
    const positives = (set: string): number => bags.filter((bag) => bag.set === set && bag.positive).length;
    expect([positives('train'), positives('test')]).toEqual([50, 30]);
  });

  it('have about ten digits, all ten kinds, with the deviation of the published program', () => {
    const lengths = draw(400, 400, 3).map((bag) => bag.digits.length);
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length;
    expect(mean).toBeGreaterThan(9);
    expect(mean).toBeLessThan(10.5);
    expect(variance).toBeGreaterThan(3);
    expect(variance).toBeLessThan(5.5);
  });

  it('of training and test have no digit in common', () => {
    const bags = draw(400, 300, 2);
    const used = (set: string): Set<number> =>
      new Set(bags.filter((bag) => bag.set === set).flatMap((bag) => bag.digits));
    const test = used('test');
    expect([...used('train')].filter((place) => test.has(place))).toEqual([]);
    expect(used('train').size).toBeGreaterThan(2000);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(draw(20, 10, 5)).toEqual(draw(20, 10, 5));
    expect(draw(20, 10, 5)).not.toEqual(draw(20, 10, 6));
  });

  it('of a smaller training set are the first of a larger one, and the test bags stay', () => {
    const [small, large] = [draw(20, 10, 5), draw(40, 10, 5)];
    const of = (bags: readonly Bag[], set: string): Bag[] => bags.filter((bag) => bag.set === set);
    expect(of(large, 'train').slice(0, 20)).toEqual(of(small, 'train'));
    expect(of(large, 'test')).toEqual(of(small, 'test'));
  });

  it('are an even number', () => {
    expect(() => draw(21, 10, 1)).toThrow('21 bags for train are not an even number of at least 2.');
  });
});

describe('a cohort of bags', () => {
  const bytesOf = async (cohort: string): Promise<Record<string, string>> => {
    const names = ['cohort.csv', 'bags.json'];
    for (const slide of await readdir(join(cohort, 'slides'))) names.push(join('slides', slide));
    const digest = async (name: string): Promise<[string, string]> => [
      name,
      createHash('sha256')
        .update(await readFile(join(cohort, name)))
        .digest('hex'),
    ];
    return Object.fromEntries(await Promise.all(names.map(digest)));
  };

  it('has slides whose 28-pixel tiles are exactly the digits of the bags, to the bit', async () => {
    const bags = drawBags(labels, { train: 4, test: 2 }, 1);
    const cohort = join(directory, 'tiles');
    await writeCohort(cohort, bags, digits);
    const { size, level, tissue } = jobFromText(await readFile(SAMPLE, 'utf8'), SAMPLE).spec.patches;
    const tiles = new TileReader();
    try {
      for (const bag of bags) {
        const path = join(cohort, 'slides', slideName(bag));
        const slide = await openSlide(path);
        const grid = await tileGrid(slide, { size, level: level!, tissue }).finally(() => slide.close());
        expect(grid.count).toBe(bag.digits.length);
        const { coordinates } = grid;
        const pixels = await tiles.read({ slide: path, patches: { size, level: level! }, coordinates });
        const drawn = bag.digits.flatMap((place) =>
          [...digits[place]!.pixels].flatMap((ink) => [ink, ink, ink]),
        );
        expect([...pixels]).toEqual(drawn);
      }
    } finally {
      await tiles.close();
    }
  });

  it('has a table that names every slide with its class and its set', async () => {
    const bags = drawBags(labels, { train: 2, test: 2 }, 7);
    const cohort = join(directory, 'table');
    await writeCohort(cohort, bags, digits);
    expect(await readFile(join(cohort, 'cohort.csv'), 'utf8')).toBe(
      [
        'patient,slide,label,split',
        'train-0000,train-0000.tif,other,train',
        'train-0001,train-0001.tif,nine,train',
        'test-0000,test-0000.tif,other,test',
        'test-0001,test-0001.tif,nine,test',
        '',
      ].join('\n'),
    );
  });

  it('is the same to the byte when it is written again', async () => {
    const bags = drawBags(labels, { train: 4, test: 2 }, 1);
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    await writeCohort(first, bags, digits);
    await writeCohort(second, bags, digits);
    expect(await bytesOf(first)).toEqual(await bytesOf(second));
  });
});

describe('the comparison', () => {
  it('gives PyTorch the epochs, the rate and the decay of the sample', async () => {
    const text = await readFile(SAMPLE, 'utf8');
    const number = (field: string): number => Number(new RegExp(`${field}: (\\S+)`, 'u').exec(text)?.[1]);
    expect(await recipeOfSample()).toEqual({
      epochs: number('epochs'),
      learningRate: number('learningRate'),
      weightDecay: number('weightDecay'),
    });
  });

  it("has intervals by Student's t, which is 4.303 for three seeds", () => {
    const { mean, halfWidth } = estimate([0.97, 0.98, 0.984]);
    expect(mean).toBeCloseTo(0.978, 9);
    expect(halfWidth).toBeCloseTo(0.0179, 4);
    expect(estimate([0.5]).halfWidth).toBeNaN();
  });

  it('is a row for each number of bags, with the difference on the same bags', () => {
    const row = (seed: number, auc: number, other: number): MnistBagsRow => ({
      ...{ bench: 'mnist-bags', trainingBags: 200, testBags: 300, seed, auc, secondsPerStep: 0.1 },
      pytorch: { auc: other, secondsPerStep: 0.01 },
    });
    const table = mnistBagsTable([row(1, 0.97, 0.98), row(2, 0.99, 0.98)]);
    expect(table.split('\n')[1]).toMatch(
      /^200 +2 +0\.980 ± 0\.127 +0\.980 ± 0\.000 +0\.000 ± 0\.127 +0\.100 +0\.010$/,
    );
  });
});

describe('the command', () => {
  const command = (...args: string[]): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ['--no-warnings', join(import.meta.dirname, 'main.ts'), ...args]);

  it('writes a cohort', async () => {
    const output = join(directory, 'command');
    const { stdout } = await command('--output', output, '--bags', '6', '--test', '4', '--seed', '3');
    expect(stdout).toContain('Wrote 10 slides and their table');
    expect(await readdir(join(output, 'slides'))).toHaveLength(10);
  });

  it.each([
    [['--bags', '50'], '--output: it is missing.'],
    [['--output', 'x', '--bags', '50,100'], '--bags: it is one number without --compare.'],
  ])('refuses %j', async (args, message) => {
    await expect(command(...args)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining(message),
    });
  });
});
