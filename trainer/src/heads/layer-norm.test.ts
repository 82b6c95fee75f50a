import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { normalizeRows, normalizeRowsGradient } from './layer-norm.ts';

const rows = fc.array(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 }), {
  minLength: 1,
  maxLength: 4,
});

describe('layer normalisation', () => {
  it('gives every row mean 0 and variance 1, invariant to shift and scale', () => {
    const input = Float64Array.of(1, 2, 3, 4, 10, 20, 30, 40);
    const { values } = normalizeRows(input, 4);
    for (const row of [values.subarray(0, 4), values.subarray(4)]) {
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 12);
      expect(row.reduce((sum, value) => sum + value * value, 0) / 4).toBeCloseTo(1, 5);
    }
    expect(values[0]).toBeCloseTo(values[4]!, 5);
  });

  it('stays finite for a constant row', () => {
    expect(Array.from(normalizeRows(new Float64Array(4).fill(7), 4).values)).toEqual([0, 0, 0, 0]);
  });

  it('has the gradient of its finite differences', () => {
    fc.assert(
      fc.property(rows, rows, (values, cotangents) => {
        const input = Float64Array.from(values.flat());
        const spread = values.every((row) => Math.max(...row) - Math.min(...row) > 0.1);
        fc.pre(spread);
        const cotangent = Float64Array.from(input, (_, index) => cotangents.flat()[index] ?? 1);
        const value = (at: Float64Array): number =>
          normalizeRows(at, 4).values.reduce((sum, out, index) => sum + out * cotangent[index]!, 0);
        const gradient = normalizeRowsGradient(normalizeRows(input, 4), cotangent);
        const step = 1e-6;
        for (let index = 0; index < input.length; index++) {
          const [up, down] = [Float64Array.from(input), Float64Array.from(input)];
          up[index]! += step;
          down[index]! -= step;
          const slope = (value(up) - value(down)) / (2 * step);
          expect(Math.abs(gradient[index]! - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)));
        }
      }),
    );
  });
});
