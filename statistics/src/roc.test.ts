import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rocArea, rocCurve } from './roc.ts';

/** Hanley and McNeil, Radiology 143:29 (1982), table I: ratings 1 to 5 of 109 CT images by one reader. */
const normal = [33, 6, 6, 11, 2];
const abnormal = [3, 2, 2, 11, 33];
const ratings = (counts: readonly number[]): number[] =>
  counts.flatMap((count, index) => new Array<number>(count).fill(index + 1));
const images = {
  scores: [...ratings(normal), ...ratings(abnormal)],
  positive: [...ratings(normal).map(() => false), ...ratings(abnormal).map(() => true)],
};

const samples = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), { minLength: 2, maxLength: 25 })
  .map((rows) => ({ scores: rows.map(([score]) => score), positive: rows.map(([, positive]) => positive) }));

describe('rocArea', () => {
  it("has the published area of the CT images, and the DeLong interval that Stata's roctab prints for them", () => {
    const area = rocArea(images.scores, images.positive)!;
    expect(area.auc).toBeCloseTo(0.8932, 4);
    expect(area.standardError).toBeCloseTo(0.0307, 4);
    expect(area.lower).toBeCloseTo(0.83295, 5);
    expect(area.upper).toBeCloseTo(0.95339, 5);
    expect(area).toMatchObject({ positives: 51, negatives: 58, intervalMethod: 'DeLong' });
  });

  it('is the share of pairs ordered rightly, ties half, and the area under the curve', () => {
    fc.assert(
      fc.property(samples, ({ scores, positive }) => {
        const area = rocArea(scores, positive);
        const curve = rocCurve(scores, positive);
        if (area === undefined) {
          expect(curve).toEqual([]);
          return;
        }
        let credit = 0;
        scores.forEach((mine, i) => {
          scores.forEach((other, j) => {
            if (positive[i]! && !positive[j]!) credit += mine > other ? 1 : mine === other ? 0.5 : 0;
          });
        });
        expect(area.auc).toBeCloseTo(credit / (area.positives * area.negatives), 12);
        let trapezoids = 0;
        curve.slice(1).forEach((point, index) => {
          const before = curve[index]!;
          const height = (point.truePositiveRate + before.truePositiveRate) / 2;
          trapezoids += (point.falsePositiveRate - before.falsePositiveRate) * height;
        });
        expect(trapezoids).toBeCloseTo(area.auc, 12);
        expect(curve.at(-1)).toMatchObject({ falsePositiveRate: 1, truePositiveRate: 1 });
        expect(area.lower).toBeLessThanOrEqual(area.auc);
        expect(area.upper).toBeGreaterThanOrEqual(area.auc);
      }),
    );
  });

  it('has the variance of the definition: placements of every case among the other class', () => {
    fc.assert(
      fc.property(samples, ({ scores, positive }) => {
        const area = rocArea(scores, positive);
        if (area === undefined || area.positives < 2 || area.negatives < 2) return;
        const cases = scores.filter((_, index) => positive[index]);
        const controls = scores.filter((_, index) => !positive[index]);
        const kernel = (x: number, y: number): number => (x > y ? 1 : x === y ? 0.5 : 0);
        const variance = (values: number[]): number =>
          values.reduce((sum, value) => sum + (value - area.auc) ** 2, 0) /
          (values.length - 1) /
          values.length;
        const share = (values: number[]): number =>
          values.reduce((sum, value) => sum + value, 0) / values.length;
        const ofCases = cases.map((x) => share(controls.map((y) => kernel(x, y))));
        const ofControls = controls.map((y) => share(cases.map((x) => kernel(x, y))));
        expect(area.standardError ** 2).toBeCloseTo(variance(ofCases) + variance(ofControls), 12);
      }),
    );
  });

  it('does not claim certainty for a perfect separation of few cases', () => {
    const few = rocArea([1, 2, 3, 4], [false, false, true, true])!;
    const more = rocArea(
      Array.from({ length: 80 }, (_, i) => i),
      Array.from({ length: 80 }, (_, i) => i >= 40),
    )!;
    expect(few).toMatchObject({ auc: 1, upper: 1, intervalMethod: 'Newcombe' });
    expect(few.lower).toBeLessThan(0.5);
    expect(more.lower).toBeGreaterThan(0.9);
    expect(more.lower).toBeLessThan(1);
    const worst = rocArea([4, 3, 2, 1], [false, false, true, true])!;
    expect(worst).toMatchObject({ auc: 0, lower: 0 });
    expect(worst.upper).toBeCloseTo(1 - few.lower, 9);
  });

  it('refuses scores that are not numbers and lengths that differ', () => {
    expect(() => rocArea([1, NaN], [true, false])).toThrow('not a number');
    expect(() => rocArea([1], [true, false])).toThrow('2 cases');
    expect(rocArea([1, 2], [true, true])).toBeUndefined();
  });
});
