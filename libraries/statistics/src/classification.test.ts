import { describe, expect, it } from '@jest/globals';
import {
  accuracy,
  balancedAccuracy,
  balancedAccuracyInterval,
  brierOfShares,
  brierScore,
  clusteredAccuracy,
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

  it("gives Wilson's interval for one case per patient, and no narrower one for repeated cases", () => {
    const correct = [true, true, false, true, true, false, true, true];
    const patients = correct.map((_, index) => `p${index}`);
    const once = clusteredAccuracy(correct, patients)!;
    const plain = accuracy([
      [6, 2],
      [0, 0],
    ])!;
    expect([once.lower, once.upper]).toEqual([
      expect.closeTo(plain.lower, 12),
      expect.closeTo(plain.upper, 12),
    ]);
    const five = [1, 2, 3, 4, 5].flatMap(() => correct);
    const often = clusteredAccuracy(
      five,
      five.map((_, index) => `p${index % 8}`),
    )!;
    expect(often).toMatchObject({ correct: 30, cases: 40 });
    expect([often.lower, often.upper]).toEqual([
      expect.closeTo(once.lower, 12),
      expect.closeTo(once.upper, 12),
    ]);
    // All right, or right and wrong in every patient alike: the patients' number is what bounds the certainty.
    const all = clusteredAccuracy([true, true, true, true], ['a', 'a', 'b', 'b'])!;
    expect(all.lower).toBeCloseTo(accuracy([[2, 0]])!.lower, 12);
    const half = clusteredAccuracy([true, false, true, false], ['a', 'a', 'b', 'b'])!;
    expect(half.upper - half.lower).toBeGreaterThan(0.8);
    expect(clusteredAccuracy([], [])).toBeUndefined();
  });

  it('combines the intervals of the classes for the balanced accuracy', () => {
    const matrix = [
      [4, 1],
      [2, 8],
    ];
    // Wilson: 4 of 5 is 0.3755 to 0.9638, 8 of 10 is 0.4902 to 0.9433.
    const { lower, upper } = balancedAccuracyInterval(matrix)!;
    expect([lower, upper]).toEqual([expect.closeTo(0.5372, 3), expect.closeTo(0.9088, 3)]);
    // A model that calls everyone one class has found nothing out, and says so with an interval.
    const one = balancedAccuracyInterval([
      [3, 0],
      [3, 0],
    ])!;
    expect([one.lower < 0.3, one.upper > 0.7]).toEqual([true, true]);
    expect(balancedAccuracyInterval([[0]])).toBeUndefined();
    const { lower: of, upper: to } = accuracy([
      [4, 1],
      [0, 0],
    ])!;
    expect(
      balancedAccuracyInterval([
        [4, 1],
        [0, 0],
      ]),
    ).toEqual({ lower: expect.closeTo(of, 9), upper: expect.closeTo(to, 9) });
  });

  it('gives the Brier score of a prediction without a model', () => {
    const actual = [0, 0, 0, 1];
    const shares = actual.map(() => [0.75, 0.25]);
    const matrix = [
      [1, 2],
      [1, 0],
    ];
    expect(brierOfShares(matrix)).toBeCloseTo(brierScore(shares, actual)!, 12);
    const three = [0, 1, 1, 2];
    const matrixOfThree = [
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 1],
    ];
    expect(brierOfShares(matrixOfThree)).toBeCloseTo(
      brierScore(
        three.map(() => [0.25, 0.5, 0.25]),
        three,
      )!,
      12,
    );
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

  it('predicts the first of equally probable classes', () => {
    expect(
      predictedClasses([
        [0.5, 0.5],
        [0.1, 0.9],
      ]),
    ).toEqual([0, 1]);
  });

  it('refuses unknown classes, and gives no result without cases', () => {
    expect(() => confusionMatrix([2], [0], 2)).toThrow('0..1');
    expect(() => confusionMatrix([1], [-1], 2)).toThrow('0..1');
    expect(() => confusionMatrix([1], [], 2)).toThrow('1 cases');
    expect(accuracy(confusionMatrix([], [], 2))).toBeUndefined();
    expect(brierScore([], [])).toBeUndefined();
  });
});
