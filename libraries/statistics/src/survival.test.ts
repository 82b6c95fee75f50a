import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import fc from 'fast-check';
import { concordanceIndex } from './concordance.ts';
import { kaplanMeier, survivalAt } from './kaplan-meier.ts';
import { logRankTest } from './log-rank.ts';
import type { Survival } from './samples.ts';
import { mercaptopurine, placebo } from './survival-data.fixture.ts';

const survivals = fc.array(fc.record({ time: fc.integer({ min: 0, max: 9 }), event: fc.boolean() }), {
  minLength: 1,
  maxLength: 20,
});

describe('kaplanMeier', () => {
  it('has the published estimates and Greenwood errors', () => {
    const curve = kaplanMeier(mercaptopurine);
    const published = [
      [6, 0.857, 0.0764],
      [7, 0.807, 0.0869],
      [10, 0.753, 0.0963],
      [13, 0.69, 0.1068],
      [16, 0.627, 0.1141],
      [22, 0.538, 0.1282],
      [23, 0.448, 0.1346],
    ];
    const events = curve.steps.filter((step) => step.events > 0);
    expect(
      events.map((step) => [step.time, step.survival.toFixed(3), step.standardError.toFixed(4)]),
    ).toEqual(published.map(([time, survival, error]) => [time, survival!.toFixed(3), error!.toFixed(4)]));
    expect([curve.median, kaplanMeier(placebo).median]).toEqual([23, 8]);
    // lifelines 0.30.3, KaplanMeierFitter.confidence_interval_ (exponential Greenwood) at 10 and 23 weeks.
    const at = (time: number): unknown => {
      const { lower, upper } = curve.steps.find((step) => step.time === time)!;
      return [lower.toFixed(6), upper.toFixed(6)];
    };
    expect([at(10), at(23)]).toEqual([
      ['0.503200', '0.889362'],
      ['0.188052', '0.680143'],
    ]);
  });

  it('is the empirical survival when nothing is censored', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 }), (times) => {
        const curve = kaplanMeier(times.map((time) => ({ time, event: true })));
        for (let time = -1; time <= 10; time++) {
          const alive = times.filter((other) => other > time).length / times.length;
          expect(survivalAt(curve, time)).toBeCloseTo(alive, 12);
        }
      }),
    );
  });

  it('never rises, and keeps its interval around it and within [0, 1]', () => {
    fc.assert(
      fc.property(survivals, (outcomes) => {
        const curve = kaplanMeier(outcomes);
        let before = 1;
        for (const step of curve.steps) {
          expect(step.survival).toBeLessThanOrEqual(before);
          before = step.survival;
          if (step.survival === 0) continue;
          expect(step.upper).toBeGreaterThan(step.lower);
          expect(step.lower).toBeGreaterThanOrEqual(0);
          expect(step.lower).toBeLessThanOrEqual(step.survival);
          expect(step.upper).toBeGreaterThanOrEqual(step.survival);
          expect(step.upper).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('a survival curve without events', () => {
  it('has the exact interval for the patients at risk', () => {
    const [first, second] = kaplanMeier([5, 8, 8].map((time) => ({ time, event: false }))).steps;
    // Nothing happened to 3, then to 2: 0.025 ** (1 / n), the tables' 0.292 and 0.158.
    expect([first!.lower.toFixed(3), first!.upper, second!.lower.toFixed(3)]).toEqual(['0.292', 1, '0.158']);
  });

  it('is refused for times that are not numbers', () => {
    expect(() => kaplanMeier([{ time: NaN, event: true }])).toThrow('not a number');
  });
});

describe('logRankTest', () => {
  it('has the published statistic of the leukaemia trial', () => {
    const result = logRankTest([mercaptopurine, placebo])!;
    expect(result.chiSquared).toBeCloseTo(16.79, 2);
    expect(result.degreesOfFreedom).toBe(1);
    expect(result.pValue).toBeCloseTo(4.17e-5, 7);
    expect(result.observed).toEqual([9, 21]);
    expect(result.expected.map((value) => value.toFixed(2))).toEqual(['19.25', '10.75']);
  });

  it('does not depend on the order of the groups nor on the unit of time, and ignores an empty group', () => {
    fc.assert(
      fc.property(survivals, survivals, survivals, (a, b, c) => {
        const plain = logRankTest([a, b, c]);
        const hours = c.map(({ time, event }) => ({ time: time * 24, event }));
        const scaled = [a, b].map((group) => group.map(({ time, event }) => ({ time: time * 24, event })));
        const other = logRankTest([hours, [], scaled[1]!, scaled[0]!]);
        expect(other?.degreesOfFreedom).toBe(plain?.degreesOfFreedom);
        if (plain === undefined || other === undefined) return;
        expect(other.chiSquared).toBeCloseTo(plain.chiSquared, 8);
      }),
    );
  });

  it('gives no result without two groups or without events', () => {
    expect(logRankTest([placebo, []])).toBeUndefined();
    expect(logRankTest([[{ time: 1, event: false }], [{ time: 2, event: false }]])).toBeUndefined();
  });
});

describe('concordanceIndex', () => {
  const at = (time: number, event = true): Survival => ({ time, event });

  it('is 1, 0 and 1/2 for perfect, reversed and constant risks', () => {
    const outcomes = [at(1), at(2), at(3), at(4, false)];
    expect(concordanceIndex([4, 3, 2, 1], outcomes)?.concordance).toBe(1);
    expect(concordanceIndex([1, 2, 3, 4], outcomes)?.concordance).toBe(0);
    expect(concordanceIndex([7, 7, 7, 7], outcomes)).toMatchObject({
      concordance: 0.5,
      tied: 6,
      comparable: 6,
    });
  });

  it('compares tied times only when exactly one is an event', () => {
    expect(concordanceIndex([2, 1], [at(5), at(5)])).toBeUndefined();
    expect(concordanceIndex([2, 1], [at(5), at(5, false)])?.concordance).toBe(1);
    expect(concordanceIndex([2, 1], [at(5, false), at(6)])).toBeUndefined();
  });

  it('is mirrored by the sign of the risks, and lies within its interval', () => {
    const rows = fc.array(
      fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 6 }), fc.boolean()),
      {
        maxLength: 15,
      },
    );
    fc.assert(
      fc.property(rows, (sample) => {
        const outcomes = sample.map(([, time, event]) => at(time, event));
        const forward = concordanceIndex(
          sample.map(([risk]) => risk),
          outcomes,
        );
        const reversed = concordanceIndex(
          sample.map(([risk]) => -risk),
          outcomes,
        );
        if (forward === undefined) return;
        expect(reversed!.concordance).toBeCloseTo(1 - forward.concordance, 12);
        expect(reversed!.standardError).toBeCloseTo(forward.standardError, 12);
        expect(forward.lower).toBeLessThanOrEqual(forward.concordance);
        expect(forward.upper).toBeGreaterThanOrEqual(forward.concordance);
      }),
    );
  });

  it('is no more certain for a patient who is counted several times', () => {
    const outcomes = [3, 1, 4, 2, 6, 5, 9, 7].map((time) => at(time));
    const risks = [5, 8, 4, 9, 2, 6, 1, 3];
    const clusters = outcomes.map((_, index) => `patient ${index}`);
    const once = concordanceIndex(risks, outcomes)!;
    const thrice = concordanceIndex([...risks, ...risks, ...risks], [...outcomes, ...outcomes, ...outcomes], {
      clusters: [...clusters, ...clusters, ...clusters],
    })!;
    expect(thrice.concordance).toBeCloseTo(once.concordance, 12);
    expect(thrice.standardError).toBeCloseTo(once.standardError, 12);
    expect([thrice.lower, thrice.upper]).toEqual([
      expect.closeTo(once.lower, 9),
      expect.closeTo(once.upper, 9),
    ]);
  });

  it('covers the true concordance at its nominal rate with few events', () => {
    // The risk is the hazard's logarithm, normal with variance 1; its concordance is the mean of many such samples.
    const stream = new RandomStream(5, 'coverage');
    const draw = (patients: number): { risks: number[]; outcomes: Survival[] } => {
      const risks = Array.from({ length: patients }, () => stream.normal());
      const outcomes = risks.map((risk) => {
        const [death, end] = [-Math.log(1 - stream.uniform()) / Math.exp(risk), 2 * stream.uniform()];
        return at(Math.min(death, end), death <= end);
      });
      return { risks, outcomes };
    };
    const many = Array.from({ length: 40 }, () => draw(200));
    const truth =
      many.reduce((sum, { risks, outcomes }) => sum + concordanceIndex(risks, outcomes)!.concordance, 0) / 40;
    for (const [patients, least] of [
      [8, 0.94],
      [16, 0.94],
      [60, 0.91],
    ] as const) {
      let [covered, defined] = [0, 0];
      for (let repeat = 0; repeat < 300; repeat++) {
        const { risks, outcomes } = draw(patients);
        const result = concordanceIndex(risks, outcomes);
        if (result === undefined) continue;
        defined++;
        expect(result.upper - result.lower).toBeGreaterThan(0);
        if (result.lower <= truth && truth <= result.upper) covered++;
      }
      expect(covered / defined).toBeGreaterThan(least);
    }
  });

  it('has, for the arms of the leukaemia trial, the value that lifelines gives', () => {
    const outcomes = [...mercaptopurine, ...placebo];
    const risks = outcomes.map((_, index) => (index < mercaptopurine.length ? 0 : 1));
    expect(concordanceIndex(risks, outcomes)?.concordance).toBeCloseTo(0.6900420757363254, 9);
  });
});
