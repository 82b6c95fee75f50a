import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import fc from 'fast-check';
import type { BagOutcome } from '../heads/index.ts';
import { balancedEpoch, targetsOf } from './class-balance.ts';

const outcomesOf = (labels: readonly number[]): BagOutcome[] =>
  labels.map((index) => ({ type: 'classification', index }));
const weightOf = (outcome: BagOutcome): number =>
  outcome.type === 'classification' ? (outcome.target?.weight ?? 1) : Number.NaN;

describe('balanced class weights', () => {
  it('give every class the same sum, and bags a mean of 1', () => {
    const labels = [0, 0, 0, 1, 2, 2];
    const weights = targetsOf(outcomesOf(labels), ['a', 'b', 'c'], {
      classWeights: { method: 'balanced' },
    }).map(weightOf);
    [2 / 3, 2 / 3, 2 / 3, 2, 1, 1].forEach((expected, bag) => expect(weights[bag]).toBeCloseTo(expected, 12));
  });

  it('leave outcomes alone when nothing is asked for', () => {
    const outcomes = outcomesOf([0, 1]);
    expect(targetsOf(outcomes, ['a', 'b'], {})).toBe(outcomes);
  });

  it('are refused with classes that the table does not have, or without one that it has', () => {
    const given = { classWeights: { method: 'given', weights: { a: 1, B: 2 } } } as const;
    expect(() => targetsOf(outcomesOf([0, 1]), ['a', 'b'], given)).toThrow(
      'no weight for b; no class is called B',
    );
  });
});

describe('a balanced epoch', () => {
  const labels = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 50 });

  it('has as many bags as training, of each class the same number, in every step, too', () => {
    fc.assert(
      fc.property(labels, fc.integer({ min: 1, max: 9 }), fc.nat(), (of, slidesPerStep, seed) => {
        const steps = balancedEpoch(of, slidesPerStep, new RandomStream(seed, 'epoch/0/order'));
        expect(steps.flat()).toHaveLength(of.length);
        expect(steps).toHaveLength(Math.ceil(of.length / slidesPerStep));
        const present = new Set(of);
        for (const bags of [steps.flat(), ...steps]) {
          const counts = [...present].map((label) => bags.filter((bag) => of[bag] === label).length);
          // A step may begin and end within a round.
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2);
        }
        expect(steps).toEqual(balancedEpoch(of, slidesPerStep, new RandomStream(seed, 'epoch/0/order')));
      }),
    );
  });

  it('shows no bag again before all of its class were shown', () => {
    const bags = balancedEpoch([0, 0, 0, 0, 0, 0, 1, 1], 4, new RandomStream(1, 'epoch/0/order')).flat();
    const counts = (among: readonly number[]): number[] =>
      among.map((bag) => bags.filter((shown) => shown === bag).length);
    expect(Math.max(...counts([0, 1, 2, 3, 4, 5]))).toBe(1);
    expect(counts([6, 7])).toEqual([2, 2]);
  });
});
