import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { bootstrapInterval, quantile } from './bootstrap.ts';
import { concordanceIndex } from './concordance.ts';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('bootstrapInterval', () => {
  it('agrees with the standard error of a mean', () => {
    const stream = new RandomStream(1, 'sample');
    const values = Array.from({ length: 200 }, () => stream.normal());
    const spread = Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length);
    const { lower, upper, used } = bootstrapInterval(values, mean, { seed: 3 })!;
    expect(used).toBe(1000);
    expect(Math.abs(upper - lower - 2 * 1.96 * spread)).toBeLessThan(0.1 * (upper - lower));
  });

  it("agrees with the concordance's infinitesimal jackknife", () => {
    const stream = new RandomStream(4, 'cohort');
    const patients = Array.from({ length: 120 }, () => {
      const risk = stream.normal();
      const time = -Math.log(1 - stream.uniform()) / Math.exp(risk);
      return { risk, outcome: { time, event: stream.uniform() < 0.7 } };
    });
    const concordanceOf = (sample: typeof patients): ReturnType<typeof concordanceIndex> =>
      concordanceIndex(
        sample.map(({ risk }) => risk),
        sample.map(({ outcome }) => outcome),
      );
    const analytic = concordanceOf(patients)!;
    const options = { seed: 1, resamples: 300 };
    const interval = bootstrapInterval(
      patients,
      (sample) => concordanceOf([...sample])?.concordance,
      options,
    )!;
    expect(Math.abs((interval.upper - interval.lower) / (analytic.upper - analytic.lower) - 1)).toBeLessThan(
      0.15,
    );
  });

  it('is a function of its seed, and undefined for a statistic that rarely exists', () => {
    const values = [1.2, 5.7, 9.1, 2.3, 4.4, 8.6, 0.5];
    expect(bootstrapInterval(values, mean, { seed: 8 })).toEqual(
      bootstrapInterval(values, mean, { seed: 8 }),
    );
    expect(bootstrapInterval(values, mean, { seed: 8 })).not.toEqual(
      bootstrapInterval(values, mean, { seed: 9 }),
    );
    expect(bootstrapInterval(values, () => undefined, { seed: 8 })).toBeUndefined();
    expect(bootstrapInterval([], mean, { seed: 8 })).toBeUndefined();
  });
});

describe('quantile', () => {
  it('interpolates', () => {
    expect([0, 0.25, 0.5, 1].map((p) => quantile([1, 2, 4], p))).toEqual([1, 1.5, 2, 4]);
  });
});
