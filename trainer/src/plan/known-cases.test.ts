import { describe, expect, it } from '@jest/globals';
import type { PlannedBag } from './bags.ts';
import { knownCases, splitOfCase } from './known-cases.ts';

function bag(patient: string, split: 'train' | 'validation' | 'test', fingerprint: string) {
  const of: PlannedBag['case'] = {
    patient,
    bag: patient,
    slides: [],
    outcome: { type: 'classification', class: 'a', classIndex: 0 },
    split,
  };
  return { case: of, slides: [{ fingerprint } as PlannedBag['slides'][number]] };
}

const known = knownCases(
  [bag('P-1', 'train', 'f1'), bag('Ärzte', 'validation', 'f2'), bag('P-3', 'test', 'f3')],
  { bag: 'patient', identity: 'run' },
);
const splitOf = (patient: string | undefined, ...fingerprints: string[]) =>
  splitOfCase(known, 'run', { patient, fingerprints });

describe('the record of the cohort in a checkpoint', () => {
  it('gives the side of a patient in any spelling, and of a slide under any name', () => {
    expect([splitOf('P-1'), splitOf(' p-1 '), splitOf('A\u0308rzte'), splitOf('P-3')]).toEqual([
      'train',
      'train',
      'validation',
      'test',
    ]);
    expect([splitOf('new', 'f3'), splitOf(undefined, 'f1'), splitOf('new', 'f9')]).toEqual([
      'test',
      'train',
      undefined,
    ]);
  });

  it('gives the side least suited for evaluation if patient and slides differ', () => {
    expect(splitOf('P-3', 'f1')).toBe('train');
    expect(splitOf('P-3', 'f2', 'f3')).toBe('validation');
  });

  it('contains no identifier, and cannot be linked to that of another run', () => {
    expect(JSON.stringify(known)).not.toMatch(/P-|rzte|f1/);
    expect(splitOfCase(known, 'another', { patient: 'P-1', fingerprints: ['f1'] })).toBeUndefined();
  });
});
