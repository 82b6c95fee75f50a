import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nonNegativeLeastSquares } from './least-squares.ts';

const value = fc.integer({ min: -50, max: 50 }).map((x) => x / 8);

describe('nonNegativeLeastSquares', () => {
  it('finds non-negative truths exactly', () => {
    const rows = [
      [1, 2, 0],
      [1, 1, 1],
      [1, 0, 4],
      [1, 5, 2],
    ];
    const truth = [0.5, 2, 0];
    const targets = rows.map((row) => row.reduce((sum, x, i) => sum + x * truth[i]!, 0));
    const { solution, residual } = nonNegativeLeastSquares(rows, targets);
    solution.forEach((x, i) => expect(x).toBeCloseTo(truth[i]!, 9));
    expect(residual).toBeLessThan(1e-16);
  });

  // Karush-Kuhn-Tucker: necessary and sufficient for this convex problem.
  it('satisfies the optimality conditions for any problem, dependent columns included', () => {
    const problem = fc.integer({ min: 1, max: 5 }).chain((n) =>
      fc.array(fc.tuple(fc.array(value, { minLength: n, maxLength: n }), value), {
        minLength: 1,
        maxLength: 9,
      }),
    );
    fc.assert(
      fc.property(problem, (lines) => {
        const rows = lines.map(([row]) => row);
        const targets = lines.map(([, target]) => target);
        const { solution } = nonNegativeLeastSquares(rows, targets);
        const errors = rows.map((row, at) => targets[at]! - row.reduce((s, x, i) => s + x * solution[i]!, 0));
        const size = Math.max(1, ...targets.map(Math.abs), ...rows.flat().map(Math.abs)) ** 2 * rows.length;
        solution.forEach((x, i) => {
          const gradient = rows.reduce((sum, row, at) => sum + row[i]! * errors[at]!, 0);
          expect(x).toBeGreaterThanOrEqual(0);
          expect(gradient / size).toBeLessThan(1e-6);
          if (x > 1e-9) expect(Math.abs(gradient) / size).toBeLessThan(1e-6);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is no problem', () => {
    expect(() => nonNegativeLeastSquares([[1], [2]], [1])).toThrow(RangeError);
    expect(() => nonNegativeLeastSquares([[1, 2], [2]], [1, 2])).toThrow(RangeError);
    expect(() => nonNegativeLeastSquares([[Number.NaN]], [1])).toThrow(RangeError);
  });
});
