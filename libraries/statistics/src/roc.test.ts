import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RandomStream } from '@wsi-operator/foundation';
import { normalQuantile } from './distributions.ts';
import { meanRocArea, rocArea, rocCurve } from './roc.ts';

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
  it("has the published area of the CT images, and DeLong's error that Stata's roctab prints for them", () => {
    const area = rocArea(images.scores, images.positive)!;
    expect(area.auc).toBeCloseTo(0.8932, 4);
    expect(area.standardError).toBeCloseTo(0.0307, 4);
    expect(area.auc - 1.959964 * area.standardError).toBeCloseTo(0.83295, 5);
    // The same error on the log-odds scale: 0.8931718 and 0.0307242 / (0.8931718 * 0.1068282) either side.
    expect(area.lower).toBeCloseTo(0.816, 3);
    expect(area.upper).toBeCloseTo(0.94, 3);
    expect(area).toMatchObject({ positives: 51, negatives: 58, intervalMethod: 'DeLong' });
  });

  it('is the share of correctly ordered pairs, ties counting half, and the area under the curve', () => {
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

  it('has the variance given by the placements of every case among the other class', () => {
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
    expect(few.lower).toBeLessThan(0.6);
    expect(more.lower).toBeGreaterThan(0.9);
    expect(more.lower).toBeLessThan(1);
    const worst = rocArea([4, 3, 2, 1], [false, false, true, true])!;
    expect(worst).toMatchObject({ auc: 0, lower: 0 });
    expect(worst.upper).toBeCloseTo(1 - few.lower, 9);
  });

  it('is no more certain when patients are counted several times, however their slides are classed', () => {
    const slides = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.integer({ min: 0, max: 5 })),
      { minLength: 2, maxLength: 20 },
    );
    fc.assert(
      fc.property(slides, fc.integer({ min: 2, max: 4 }), (rows, copies) => {
        const repeated = Array.from({ length: copies }, () => rows).flat();
        const areaOf = (sample: typeof rows): ReturnType<typeof rocArea> =>
          rocArea(
            sample.map(([score]) => score),
            sample.map(([, positive]) => positive),
            { clusters: sample.map(([, , patient]) => String(patient)) },
          );
        const [once, often] = [areaOf(rows), areaOf(repeated)];
        expect(often === undefined).toBe(once === undefined);
        if (once === undefined || often === undefined) return;
        expect(often.lower).toBeCloseTo(once.lower, 7);
        expect(often.upper).toBeCloseTo(once.upper, 7);
      }),
    );
  });

  it("covers the true area as often as it says, where DeLong's own interval does not", () => {
    const stream = new RandomStream(3, 'coverage');
    for (const [positives, negatives, area] of [
      [4, 4, 0.9],
      [5, 40, 0.8],
      [40, 40, 0.95],
    ] as const) {
      const shift = Math.SQRT2 * normalQuantile(area);
      const truth = Array.from({ length: positives + negatives }, (_, index) => index < positives);
      let covered = 0;
      for (let repeat = 0; repeat < 400; repeat++) {
        const { lower, upper } = rocArea(
          truth.map((positive) => stream.normal() + (positive ? shift : 0)),
          truth,
        )!;
        if (lower <= area && area <= upper) covered++;
      }
      expect(covered / 400).toBeGreaterThan(0.92);
      expect(covered / 400).toBeLessThan(0.995);
    }
  });

  it('refuses scores that are not numbers and lengths that differ', () => {
    expect(() => rocArea([1, NaN], [true, false])).toThrow('not a number');
    expect(() => rocArea([1], [true, false])).toThrow('2 cases');
    expect(rocArea([1, 2], [true, true])).toBeUndefined();
  });
});

describe('meanRocArea', () => {
  it('is the area of two classes, and the mean over three', () => {
    const rows = images.scores.map((score) => [1 - score / 6, score / 6]);
    const labels = images.positive.map(Number);
    const two = meanRocArea(rows, labels)!;
    expect(two.auc).toBeCloseTo(0.8932, 4);
    // Both classes' influences are the same, so their mean has the same variance.
    expect(two.standardError).toBeCloseTo(rocArea(images.scores, images.positive)!.standardError, 12);
    const three = meanRocArea(
      [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],
        [0.7, 0.2, 0.1],
        [0.1, 0.1, 0.8],
      ],
      [0, 1, 1, 2],
    )!;
    expect(three.auc).toBeCloseTo((1 + 1 + 1) / 3, 12);
    expect(three).toMatchObject({ positives: 1, negatives: 3, intervalMethod: 'Newcombe' });
    expect(meanRocArea([[0.4, 0.6]], [1])).toBeUndefined();
  });
});
