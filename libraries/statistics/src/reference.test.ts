/** Against independent implementations in Python, on random cohorts with many ties. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import { execFileSync } from 'node:child_process';
import { readSetup } from '@wsi-operator/setup/locations';
import { clusteredAccuracy } from './classification.ts';
import { concordanceIndex } from './concordance.ts';
import { chiSquaredTail, normalQuantile } from './distributions.ts';
import { wilsonInterval } from './interval.ts';
import { kaplanMeier } from './kaplan-meier.ts';
import { logRankTest } from './log-rank.ts';
import { rocArea } from './roc.ts';

interface Answer {
  auc: { auc: number; standardError: number };
  survival: {
    times: number[];
    survival: number[];
    standardError: number[];
    chiSquared: number;
    pValue: number;
  };
  concordance: number;
  clusteredArea: number;
  clusteredShare: number;
}

interface Answers {
  cohorts: Answer[];
  tails: [number, number, number][];
  quantiles: [number, number][];
}

function randomCohort(seed: number): {
  scores: number[];
  positive: boolean[];
  times: number[];
  events: boolean[];
  groups: number[];
  patients: string[];
} {
  const stream = new RandomStream(seed, 'reference');
  const cases = Array.from({ length: 30 + stream.integer(60) }, () => stream.integer(12));
  return {
    scores: cases,
    positive: cases.map((score) => score + 8 * stream.normal() > 6),
    times: cases.map((score) => Math.ceil(-10 * Math.log(1 - stream.uniform()) * Math.exp(-score / 8))),
    events: cases.map(() => stream.uniform() < 0.6),
    groups: cases.map(() => stream.integer(2 + (seed % 2))),
    // About three slides a patient.
    patients: cases.map(() => `p${stream.integer(Math.ceil(cases.length / 3))}`),
  };
}

const { pythonReference } = readSetup();
const whenSetUp = pythonReference === null ? describe.skip : describe;

whenSetUp(
  'statistics against Python (skipped without `node tools/setup/setup.mjs --python-reference`)',
  () => {
    const cohorts = [1, 2, 3, 4].map(randomCohort);
    let answers: Answers;
    beforeAll(() => {
      const script = new URL('./reference.py', import.meta.url).pathname;
      const output = execFileSync(pythonReference!, [script], {
        input: JSON.stringify(cohorts),
        encoding: 'utf8',
      });
      answers = JSON.parse(output) as Answers;
    });

    it("has SciPy's Mann-Whitney area and DeLong's variance by definition", () => {
      cohorts.forEach(({ scores, positive }, index) => {
        const area = rocArea(scores, positive)!;
        expect(area.auc).toBeCloseTo(answers.cohorts[index]!.auc.auc, 12);
        expect(area.standardError).toBeCloseTo(answers.cohorts[index]!.auc.standardError, 12);
      });
    });

    it("has Obuchowski's variance of an area of patients with several slides", () => {
      cohorts.forEach(({ scores, positive, patients }, index) => {
        const area = rocArea(scores, positive, { clusters: patients })!;
        expect(area.standardError).toBeCloseTo(answers.cohorts[index]!.clusteredArea, 10);
      });
    });

    it("has, for the accuracy of such patients, statsmodels' cluster-robust error", () => {
      cohorts.forEach(({ positive, patients }, index) => {
        const { accuracy: share, lower, upper } = clusteredAccuracy(positive, patients)!;
        const error = answers.cohorts[index]!.clusteredShare;
        const trials = Math.min(new Set(patients).size, (share * (1 - share)) / error ** 2);
        const wilson = wilsonInterval(share * trials, trials);
        expect([lower, upper]).toEqual([expect.closeTo(wilson.lower, 10), expect.closeTo(wilson.upper, 10)]);
      });
    });

    it("has statsmodels' survival curves and log-rank tests", () => {
      cohorts.forEach(({ times, events, groups }, index) => {
        const outcomes = times.map((time, patient) => ({ time, event: events[patient]! }));
        const reference = answers.cohorts[index]!.survival;
        const steps = kaplanMeier(outcomes).steps.filter((step) => step.events > 0);
        expect(steps.map(({ time }) => time)).toEqual(reference.times);
        steps.forEach((step, place) => {
          expect(step.survival).toBeCloseTo(reference.survival[place]!, 12);
          if (step.survival > 0) expect(step.standardError).toBeCloseTo(reference.standardError[place]!, 12);
        });
        const byGroup = [0, 1, 2].map((group) => outcomes.filter((_, patient) => groups[patient] === group));
        const test = logRankTest(byGroup)!;
        expect(test.chiSquared).toBeCloseTo(reference.chiSquared, 8);
        expect(test.pValue).toBeCloseTo(reference.pValue, 10);
      });
    });

    it('has the concordance by definition', () => {
      cohorts.forEach(({ scores, times, events }, index) => {
        const outcomes = times.map((time, patient) => ({ time, event: events[patient]! }));
        expect(concordanceIndex(scores, outcomes)?.concordance).toBeCloseTo(
          answers.cohorts[index]!.concordance,
          12,
        );
      });
    });

    it("has SciPy's tails and quantiles", () => {
      for (const [x, degrees, tail] of answers.tails) {
        expect(Math.abs(chiSquaredTail(x, degrees) / tail - 1)).toBeLessThan(1e-10);
      }
      for (const [probability, quantile] of answers.quantiles) {
        expect(normalQuantile(probability)).toBeCloseTo(quantile, 9);
      }
    });
  },
);
