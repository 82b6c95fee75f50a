import { describe, expect, it } from '@jest/globals';
import { formatPercent, formatPValue, formatShare } from './wording.ts';

describe('wording', () => {
  it('never rounds to certainty', () => {
    expect([0, 1, 0.0001, 0.99996, 0.5, NaN].map(formatShare)).toEqual([
      '0.000',
      '1.000',
      '<0.001',
      '>0.999',
      '0.500',
      '–',
    ]);
    expect([0, 1e-9, 0.0009999, 0.001, 0.9996, 1, NaN].map(formatPValue)).toEqual([
      'p < 0.001',
      'p < 0.001',
      'p < 0.001',
      'p = 0.001',
      'p > 0.999',
      'p > 0.999',
      'p –',
    ]);
    expect([0, 1, 0.0001, 0.05, 0.5, 0.996, 0.99999].map(formatPercent)).toEqual([
      '0%',
      '100%',
      '<0.1%',
      '5.0%',
      '50%',
      '99.6%',
      '>99.9%',
    ]);
  });
});
