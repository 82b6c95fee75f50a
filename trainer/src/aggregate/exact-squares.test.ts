import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addSquares, joinSquares, normOf, noSquares, type ExactSquares } from './exact-squares.ts';

const numbers = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 40 });
const squaresOf = (values: readonly number[]): ExactSquares => {
  const sums = noSquares();
  addSquares(sums, Float32Array.from(values));
  return sums;
};

describe('the exact norm', () => {
  it('has the same bits however the numbers are divided and ordered', () => {
    fc.assert(
      fc.property(numbers, fc.nat(), (values, cut) => {
        const at = values.length === 0 ? 0 : cut % values.length;
        const [left, right] = [squaresOf(values.slice(0, at)), squaresOf(values.slice(at).reverse())];
        expect(normOf(joinSquares(right, left))).toBe(normOf(squaresOf(values)));
      }),
    );
  });

  it('is the square root of the sum as whole numbers have it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9999, max: 9999 }), { maxLength: 30 }), (values) => {
        // Below 2^53: exact in float64, too.
        const sum = values.reduce((total, value) => total + value * value, 0);
        expect(normOf(squaresOf(values))).toBe(Math.sqrt(sum));
      }),
    );
  });

  it('keeps what float64 would lose, at both ends of float32', () => {
    // 1 and 64 times 2^-54, each of which alone would be rounded away: the root of 1 + 2^-48.
    expect(normOf(squaresOf([1, ...Array<number>(64).fill(2 ** -27)]))).toBe(1 + 2 ** -49);
    expect(normOf(squaresOf([2 ** -149]))).toBe(2 ** -149);
    const largest = (2 - 2 ** -23) * 2 ** 127;
    expect(normOf(squaresOf([largest]))).toBe(largest);
    expect(normOf(squaresOf([3e38, 3e38])) / Math.hypot(3e38, 3e38)).toBeCloseTo(1, 7);
    expect(normOf(noSquares())).toBe(0);
  });

  it('is not a number when one of them is not finite', () => {
    expect(normOf(squaresOf([1, Infinity]))).toBeNaN();
    expect(normOf(squaresOf([Number.NaN]))).toBeNaN();
  });
});
