import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SPLITS, type Split } from './cohort.ts';
import { foldPatients, splitFolds, splitPatients, type StratifiedPatient } from './split.ts';

const patients = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 60 })
  .chain((names) =>
    fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: names.length, maxLength: names.length })
      .map((strata) =>
        names.map((patient, index): StratifiedPatient => ({ patient, stratum: strata[index]! })),
      ),
  );
const fractions = fc
  .tuple(fc.integer({ min: 0, max: 45 }), fc.integer({ min: 0, max: 45 }), fc.integer())
  .map(([test, validation, seed]) => ({ test: test / 100, validation: validation / 100, seed }));

function reversed(cohort: readonly StratifiedPatient[]): StratifiedPatient[] {
  return [...cohort].reverse();
}

describe('splitPatients', () => {
  it('gives every patient one split, whatever the order of the rows', () => {
    fc.assert(
      fc.property(patients, fractions, (cohort, split) => {
        const result = splitPatients(cohort, split);
        expect([...result.keys()].sort()).toEqual(cohort.map(({ patient }) => patient).sort());
        expect(new Map([...splitPatients(reversed(cohort), split)].sort())).toEqual(
          new Map([...result].sort()),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('gives each part the floor or the ceiling of its share of every stratum', () => {
    fc.assert(
      fc.property(patients, fractions, (cohort, split) => {
        const result = splitPatients(cohort, split);
        const shares: Record<Split, number> = { ...split, train: 1 - split.test - split.validation };
        for (const [, members] of Map.groupBy(cohort, ({ stratum }) => stratum)) {
          for (const part of SPLITS) {
            const size = members.filter(({ patient }) => result.get(patient) === part).length;
            expect(Math.abs(size - shares[part] * members.length)).toBeLessThan(1);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('depends on the seed, and never puts both patients of a class of two into one part', () => {
    const cohort = Array.from({ length: 40 }, (_, index) => ({
      patient: `p${index}`,
      stratum: `${index % 2}`,
    }));
    const split = { test: 0.25, validation: 0, seed: 1 };
    expect(splitPatients(cohort, split)).not.toEqual(splitPatients(cohort, { ...split, seed: 2 }));
    const two = splitPatients(cohort.slice(0, 3), split);
    expect([...two.values()].filter((part) => part === 'train').length).toBe(2);
    expect(splitPatients([{ patient: 'x', stratum: '' }], split)).toEqual(new Map([['x', 'train']]));
  });

  it.each([
    [0.5, 0.5],
    [-0.1, 0],
    [NaN, 0],
    [1, 0],
  ])('refuses fractions %p and %p', (test, validation) => {
    expect(() => splitPatients([], { test, validation, seed: 0 })).toThrow(/leave nothing to train on/);
  });
});

describe('foldPatients', () => {
  it('puts every patient into exactly one fold, in even numbers, whatever the order of the rows', () => {
    fc.assert(
      fc.property(patients, fc.integer({ min: 2, max: 6 }), fc.integer(), (cohort, folds, seed) => {
        fc.pre(cohort.length >= folds);
        const result = foldPatients(cohort, { folds, seed });
        expect(result.size).toBe(cohort.length);
        expect(foldPatients(reversed(cohort), { folds, seed })).toEqual(result);
        const strata = [cohort, ...Map.groupBy(cohort, ({ stratum }) => stratum).values()];
        for (const members of strata) {
          const sizes = Array.from(
            { length: folds },
            (_, fold) => members.filter(({ patient }) => result.get(patient) === fold).length,
          );
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses one fold, and more folds than patients', () => {
    expect(() => foldPatients([], { folds: 1, seed: 0 })).toThrow(/1 folds/);
    expect(() => foldPatients([{ patient: 'a', stratum: '' }], { folds: 2, seed: 0 })).toThrow(/cannot fill/);
  });
});

describe('splitFolds', () => {
  const cohort = Array.from({ length: 40 }, (_, index): StratifiedPatient => ({
    patient: `p${index}`,
    stratum: index % 4 === 0 ? 'event' : 'censored',
  }));
  const of = (split: Map<string, Split>, part: Split): string[] =>
    [...split].filter(([, given]) => given === part).map(([patient]) => patient);
  const folds = [0, 1, 2, 3, 4].map((fold) =>
    splitFolds(cohort, { folds: 5, fold, validation: 0.2, seed: 7 }),
  );

  it('holds each patient out once, in the folds of the same seed without validation', () => {
    expect(folds.flatMap((split) => of(split, 'test')).sort()).toEqual(
      cohort.map(({ patient }) => patient).sort(),
    );
    const plain = foldPatients(cohort, { folds: 5, seed: 7 });
    for (const [fold, split] of folds.entries()) {
      expect(of(split, 'test').every((patient) => plain.get(patient) === fold)).toBe(true);
    }
  });

  it('takes a share of all patients for validation, stratified, and others in each fold', () => {
    for (const split of folds) {
      const validation = of(split, 'validation');
      expect(validation).toHaveLength(8);
      const strata = new Map(cohort.map(({ patient, stratum }) => [patient, stratum]));
      expect(validation.filter((patient) => strata.get(patient) === 'event')).toHaveLength(2);
    }
    expect(new Set(folds.map((split) => of(split, 'validation').sort().join())).size).toBe(5);
  });

  it('without validation trains on all outside the fold', () => {
    const split = splitFolds(cohort, { folds: 5, fold: 1, validation: 0, seed: 7 });
    expect([of(split, 'train').length, of(split, 'validation').length]).toEqual([32, 0]);
  });

  it('refuses a fold that there is not', () => {
    expect(() => splitFolds(cohort, { folds: 5, fold: 5, validation: 0, seed: 7 })).toThrow(
      'fold 5 is not one of the 5 folds',
    );
  });
});
