import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chiSquaredTail, normalCdf, normalQuantile } from './distributions.ts';

describe('the chi-squared and normal distributions', () => {
  it('have the tabulated values', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 13);
    expect(normalQuantile(0.0005)).toBeCloseTo(-3.290526731491926, 12);
    expect(normalCdf(-1)).toBeCloseTo(0.15865525393145707, 14);
    expect(chiSquaredTail(3.841458820694124, 1)).toBeCloseTo(0.05, 14);
    expect(chiSquaredTail(18.307038053275146, 10)).toBeCloseTo(0.05, 14);
    expect([chiSquaredTail(0, 3), normalQuantile(0), normalQuantile(1), normalQuantile(0.5)]).toEqual([
      1,
      -Infinity,
      Infinity,
      expect.closeTo(0, 14),
    ]);
  });

  it('include the tail exp(-x/2) for two degrees of freedom over its whole range', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1400, noNaN: true }), (x) => {
        expect(chiSquaredTail(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 10);
      }),
    );
  });

  it('include an inverse of the normal distribution', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (probability) => {
        expect(normalCdf(normalQuantile(probability)) / probability).toBeCloseTo(1, 9);
      }),
    );
  });
});
