import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RandomStream, sha256 } from '@wsi-operator/foundation';
import { drawChanges, TileAugmenter, type Augmentations } from './augmentation.ts';

const size = 20;
const bytes = size * size * 3;
const all = {
  stain: { sigma: 0.2, bias: 0.05, per: 'tile' },
  colour: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1, per: 'tile' },
  blur: { sigma: 1.5 },
} as const satisfies Augmentations;

function noise(tiles: number): Uint8Array {
  const stream = new RandomStream(3, 'noise');
  return Uint8Array.from({ length: tiles * bytes }, () => stream.integer(256));
}

/** Positions of tiles: 0, 0, 1, 100, 2, 200... */
const places = (...indices: number[]): Int32Array => Int32Array.from(indices.flatMap((at) => [at, at * 100]));

function augmentedTiles(
  settings: Augmentations,
  { seed = 7, tiles = noise(1), at = places(0) } = {},
): Uint8Array {
  const result = tiles.slice();
  new TileAugmenter(size).augment(result, { seed, settings: JSON.stringify(settings) }, at);
  return result;
}

const parts: readonly [name: string, settings: Augmentations][] = [
  ['stain', { stain: all.stain }],
  ['colour', { colour: all.colour }],
  ['blur', { blur: all.blur }],
];

describe.each([...parts, ['all', all] as [string, Augmentations]])('%s', (_, settings) => {
  it('changes a tile alike whatever tiles are beside it, and otherwise by another seed or position', () => {
    const four = noise(4);
    const together = augmentedTiles(settings, { tiles: four, at: places(0, 1, 2, 3) });
    const third = { tiles: four.subarray(2 * bytes, 3 * bytes), at: places(2) };
    const alone = augmentedTiles(settings, third);
    expect(alone).toEqual(together.subarray(2 * bytes, 3 * bytes));
    expect(alone).not.toEqual(third.tiles);
    expect(augmentedTiles(settings, { ...third, seed: 8 })).not.toEqual(alone);
    expect(augmentedTiles(settings, { ...third, at: places(3) })).not.toEqual(alone);
  });

  it('keeps tiles of one value valid', () => {
    for (const value of [0, 255]) {
      const tiles = new Uint8Array(bytes).fill(value);
      const [red] = augmentedTiles(settings, { tiles });
      expect(Math.abs(red! - value)).toBeLessThan(100);
    }
  });
});

it('gives the same pixels on every machine', () => {
  const tiles = augmentedTiles(all, { tiles: noise(3), at: places(0, 1, 2) });
  expect(sha256(tiles)).toBe('89806c835d4f12776d78254051a19026d1599d01d51333fa99c3e14f12f70171');
});

it('changes all tiles of a slide alike where numbers are per slide', () => {
  const one = noise(1);
  const two = Uint8Array.from([...one, ...one]);
  const alike = (settings: Augmentations): boolean => {
    const changed = augmentedTiles(settings, { tiles: two, at: places(0, 1) });
    return Buffer.compare(changed.subarray(0, bytes), changed.subarray(bytes)) === 0;
  };
  const slide = { stain: { ...all.stain, per: 'slide' }, colour: { ...all.colour, per: 'slide' } } as const;
  expect([alike(slide), alike({ ...slide, stain: all.stain }), alike({ ...slide, blur: all.blur })]).toEqual([
    true,
    false,
    false,
  ]);
});

it('leaves tiles as they are where the ranges are 0', () => {
  const { stain, colour } = all;
  const nothing = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };
  const settings = { stain: { ...stain, sigma: 0, bias: 0 }, colour: { ...colour, ...nothing } };
  // Every value in every channel.
  const tiles = Uint8Array.from({ length: bytes }, (_, at) => (at * 85 + Math.floor(at / 256)) & 255);
  expect(augmentedTiles(settings, { tiles })).toEqual(tiles);
});

it('draws from the ranges, and a range does not change what is drawn for another', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 0xffffffff }), fc.string(), (seed, position) => {
      const { colour, blur } = drawChanges(all, seed, position);
      for (const factor of [colour!.brightness, colour!.contrast, colour!.saturation]) {
        expect(Math.abs(factor - 1)).toBeLessThanOrEqual(0.2);
      }
      expect(Math.abs(colour!.hue)).toBeLessThanOrEqual(0.1);
      expect(Math.abs(blur! - 0.75)).toBeLessThanOrEqual(0.75);
      const { stain: _without, ...rest } = all;
      const other = drawChanges({ ...rest, colour: { ...all.colour, brightness: 0 } }, seed, position);
      expect(other).toEqual({ colour: { ...colour, brightness: 1 }, blur });
    }),
  );
});
