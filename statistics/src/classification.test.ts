import { describe, expect, it } from '@jest/globals';
import {
  accuracy,
  balancedAccuracy,
  brierScore,
  confusionMatrix,
  predictedClasses,
} from './classification.ts';

describe('classification', () => {
  it('counts actual by predicted', () => {
    const matrix = confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2], 3);
    expect(matrix).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
    expect(accuracy(matrix)).toMatchObject({ correct: 4, cases: 6, accuracy: 4 / 6 });
    expect(balancedAccuracy(matrix)).toBeCloseTo((1 / 2 + 1 + 2 / 3) / 3, 12);
    expect(
      balancedAccuracy([
        [3, 1],
        [0, 0],
      ]),
    ).toBe(0.75);
  });

  it("gives Wilson's published interval", () => {
    // Newcombe, Statistics in Medicine 17:857 (1998), table I: 81/263, 15/148, 0/20, 1/29.
    const interval = (correct: number, cases: number): string[] => {
      const { lower, upper } = accuracy([
        [correct, cases - correct],
        [0, 0],
      ])!;
      return [lower.toFixed(4), upper.toFixed(4)];
    };
    expect(interval(81, 263)).toEqual(['0.2553', '0.3662']);
    expect(interval(15, 148)).toEqual(['0.0624', '0.1605']);
    expect(interval(0, 20)).toEqual(['0.0000', '0.1611']);
    expect(interval(1, 29)).toEqual(['0.0061', '0.1718']);
  });

  it('scores probabilities by Brier, halved for two classes', () => {
    expect(
      brierScore(
        [
          [0.2, 0.8],
          [0.9, 0.1],
        ],
        [1, 1],
      ),
    ).toBeCloseTo((0.04 + 0.81) / 2, 12);
    expect(brierScore([[0.2, 0.5, 0.3]], [1])).toBeCloseTo(0.04 + 0.25 + 0.09, 12);
  });

  it('takes the first of equally probable classes', () => {
    expect(
      predictedClasses([
        [0.5, 0.5],
        [0.1, 0.9],
      ]),
    ).toEqual([0, 1]);
  });

  it('refuses classes that do not exist, and says nothing of no cases', () => {
    expect(() => confusionMatrix([2], [0], 2)).toThrow('0..1');
    expect(() => confusionMatrix([1], [-1], 2)).toThrow('0..1');
    expect(() => confusionMatrix([1], [], 2)).toThrow('1 cases');
    expect(accuracy(confusionMatrix([], [], 2))).toBeUndefined();
    expect(brierScore([], [])).toBeUndefined();
  });
});
