import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { censoringRate, drawSurvival, HAZARD_MODEL, hazardOf, type SurvivalCovariates } from './survival.ts';

const COUNT = 20_000;
const random = new RandomStream(5, 'test');
const covariates = Array.from({ length: COUNT }, (_, index): SurvivalCovariates => ({
  burdenA: random.uniform(),
  burdenB: random.uniform(),
  treatment: index % 2 === 0 ? 0 : 1,
}));
const { outcomes, censoringRate: rate } = drawSurvival(covariates, 0.3, new RandomStream(6, 'test'));

describe('drawSurvival', () => {
  it('has the hazard of the stated formula', () => {
    const { baseline, A, B, T, AT } = HAZARD_MODEL;
    expect(hazardOf(HAZARD_MODEL, { burdenA: 0.5, burdenB: 0.25, treatment: 1 })).toBeCloseTo(
      baseline * Math.exp(A * 0.5 + B * 0.25 + T + AT * 0.5),
      12,
    );
  });

  it('censors the share that was asked for', () => {
    const censored = outcomes.filter(({ event }) => event === 0).length / COUNT;
    // Five standard errors of a binomial share.
    expect(Math.abs(censored - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / COUNT));
    const expected = outcomes.reduce((sum, { hazard }) => sum + rate / (rate + hazard), 0) / COUNT;
    expect(expected).toBeCloseTo(0.3, 9);
    expect(censoringRate([1, 2], 0)).toBe(0);
    expect(drawSurvival(covariates.slice(0, 50), 0, random).outcomes.every(({ event }) => event === 1)).toBe(
      true,
    );
  });

  it('follows its own hazard: events less accumulated hazard is a martingale, in every corner of the covariates', () => {
    const groups = Map.groupBy(
      outcomes,
      ({ burdenA, burdenB, treatment }) =>
        `${Math.floor(burdenA * 2)} ${Math.floor(burdenB * 2)} ${treatment}`,
    );
    expect(groups.size).toBe(8);
    for (const members of groups.values()) {
      const events = members.reduce((sum, { event }) => sum + event, 0);
      const accumulated = members.reduce((sum, { hazard, time }) => sum + hazard * time, 0);
      expect(Math.abs(events - accumulated)).toBeLessThan(5 * Math.sqrt(accumulated));
    }
  });

  it('has its likelihood highest at the stated coefficients', () => {
    // The score of each coefficient, sum of (event - hazard * time) * covariate, is 0 within its standard error.
    const scores = (term: (patient: SurvivalCovariates) => number): [number, number] => {
      let score = 0;
      let information = 0;
      for (const patient of outcomes) {
        const value = term(patient);
        score += (patient.event - patient.hazard * patient.time) * value;
        information += patient.hazard * patient.time * value * value;
      }
      return [score, information];
    };
    const terms = [
      (patient: SurvivalCovariates): number => patient.burdenA,
      (patient: SurvivalCovariates): number => patient.burdenB,
      (patient: SurvivalCovariates): number => patient.treatment,
      (patient: SurvivalCovariates): number => patient.burdenA * patient.treatment,
    ];
    for (const term of terms) {
      const [score, information] = scores(term);
      expect(Math.abs(score)).toBeLessThan(5 * Math.sqrt(information));
      // The estimate, one Newton step away, is within 0.2 of the coefficient: a wrong sign would not pass.
      expect(Math.abs(score / information)).toBeLessThan(0.2);
    }
  });

  it('gives times that a table accepts', () => {
    expect(outcomes.every(({ time }) => time > 0 && Number.isFinite(time))).toBe(true);
  });
});
