import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RandomStream } from './random.ts';

describe('RandomStream', () => {
  it('gives the same numbers for the same seed and name, and others otherwise', () => {
    const draw = (seed: number, name: string): number[] => {
      const stream = new RandomStream(seed, name);
      return Array.from({ length: 8 }, () => stream.uint32());
    };
    expect(draw(7, 'a')).toEqual(draw(7, 'a'));
    expect(draw(7, 'a')).not.toEqual(draw(7, 'b'));
    expect(draw(7, 'a')).not.toEqual(draw(8, 'a'));
  });

  it('draws integers inside the bound and reaches all of a small range', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 16 }), (seed, bound) => {
        const stream = new RandomStream(seed, 'bound');
        const seen = new Set(Array.from({ length: 600 }, () => stream.integer(bound)));
        expect(Math.max(...seen)).toBeLessThan(bound);
        expect(seen.size).toBe(bound);
      }),
      { numRuns: 30 },
    );
  });

  it('has the mean and variance of its distributions', () => {
    const stream = new RandomStream(1, 'moments');
    const count = 20000;
    const uniform = Array.from({ length: count }, () => stream.uniform());
    const normal = Array.from({ length: count }, () => stream.normal());
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(normal)).toBeCloseTo(0, 1);
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1);
  });

  it('shuffles into a permutation', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
        const shuffled = new RandomStream(seed, 'shuffle').shuffled(items);
        const ascending = (a: number, b: number): number => a - b;
        expect([...shuffled].sort(ascending)).toEqual([...items].sort(ascending));
      }),
    );
  });
});
