import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { logRankTest } from '../log-rank.ts';
import { mercaptopurine, placebo } from '../survival-data.fixture.ts';
import type { PredictedCase } from './cases.ts';
import { evaluatePredictions, metricsOfSplit, type Evaluation } from './evaluate.ts';
import { verdictOf } from './verdict.ts';

/** The leukaemia trial; the model's risk is 1 for the placebo arm and 0 for the other, so that the cut is the arm. */
const trial: PredictedCase[] = [...mercaptopurine, ...placebo].map((survival, index) => ({
  patient: `p${index}`,
  split: 'test',
  outcome: { type: 'survival', ...survival },
  score: index < mercaptopurine.length ? 0 : 1,
  treatment: index % 2 === 0 ? 'a' : 'b',
}));

const slides = fc.array(
  fc.record({
    patient: fc.integer({ min: 0, max: 9 }).map((number) => `p${number}`),
    label: fc.integer({ min: 0, max: 1 }),
    share: fc.integer({ min: 0, max: 20 }).map((number) => number / 20),
    time: fc.integer({ min: 1, max: 12 }),
    event: fc.boolean(),
    split: fc.constantFrom('test', 'train'),
  }),
  { minLength: 1, maxLength: 30 },
);

type Slide = typeof slides extends fc.Arbitrary<(infer Row)[]> ? Row : never;

/** As `bag: slide` gives them: a case a slide, the follow-up and split the patient's. */
function casesOf(rows: readonly Slide[], kind: 'classes' | 'shared classes' | 'survival'): PredictedCase[] {
  const first = new Map<string, Slide>();
  return rows.map((row) => {
    if (!first.has(row.patient)) first.set(row.patient, row);
    const { time, event, split, label } = first.get(row.patient)!;
    const common = { patient: row.patient, split, score: row.share };
    if (kind === 'survival') return { ...common, outcome: { type: 'survival', time, event } };
    const index = kind === 'classes' ? row.label : label;
    return {
      ...common,
      outcome: { type: 'classification', index },
      probabilities: [1 - row.share, row.share],
    };
  });
}

/** All that a report shows but for what counts slides as slides, rounded to what floating point keeps. */
function shownOf(evaluation: Evaluation): unknown {
  const counts = new Set(['cases', 'bags', 'matrix']);
  return JSON.parse(
    JSON.stringify({ ...evaluation, verdict: verdictOf(evaluation).kind }, (key, value: unknown) => {
      if (counts.has(key)) return undefined;
      return typeof value === 'number' ? Number(value.toPrecision(8)) : value;
    }),
  );
}

describe('evaluatePredictions', () => {
  it.each(['classes', 'shared classes', 'survival'] as const)(
    'says the same however often every slide is given: %s',
    (kind) => {
      fc.assert(
        fc.property(slides, fc.integer({ min: 2, max: 5 }), (rows, copies) => {
          const cases = casesOf(rows, kind);
          const options = { classes: kind === 'survival' ? [] : ['a', 'b'] };
          const once = evaluatePredictions(cases, options);
          const often = evaluatePredictions(Array.from({ length: copies }, () => cases).flat(), options);
          expect(shownOf(often)).toEqual(shownOf(once));
        }),
      );
    },
  );

  it('tests, resamples and counts patients, so that repeating each slide five times changes nothing', () => {
    const five = trial.flatMap((of) => [1, 2, 3, 4, 5].map(() => of));
    const { survival } = evaluatePredictions(five);
    const [finding] = survival;
    const [byRisk] = finding!.groupings;
    // The published test of the 42 children; of 210 it would be 87.6.
    expect(byRisk!.test!.chiSquared).toBeCloseTo(16.79, 2);
    expect(byRisk!.test).toEqual(logRankTest([mercaptopurine, placebo]));
    expect(byRisk!.groups.map(({ curve }) => [curve.cases, curve.events, curve.steps[0]!.atRisk])).toEqual([
      [21, 9, 21],
      [21, 21, 21],
    ]);
    expect(finding).toMatchObject({ patients: 42, bags: 210, events: 30 });
    expect(finding!.groupings.map(({ title }) => title)).toEqual([
      'by predicted risk',
      'by treatment, all patients',
      'by treatment, predicted low risk',
      'by treatment, predicted high risk',
    ]);
  });

  it("averages a patient's slides where they share the class, and counts slides otherwise", () => {
    const slide = (patient: string, index: number, share: number): PredictedCase => ({
      patient,
      split: 'test',
      outcome: { type: 'classification', index },
      score: share,
      probabilities: [1 - share, share],
    });
    const shared = [slide('a', 1, 0.2), slide('a', 1, 0.9), slide('b', 0, 0.4), slide('c', 0, 0.3)];
    const options = { classes: ['benign', 'malignant'] };
    expect(evaluatePredictions(shared, options)).toMatchObject({
      unit: 'patient',
      classification: [{ cases: 3, patients: 3, bags: 4, classPatients: [2, 1], accuracy: { value: 1 } }],
    });
    expect(evaluatePredictions([...shared, slide('a', 0, 0.1)], options)).toMatchObject({
      unit: 'slide',
      classification: [
        {
          cases: 5,
          patients: 3,
          matrix: [
            [3, 0],
            [1, 1],
          ],
          accuracy: { value: 0.8, method: 'Wilson, patients as clusters' },
        },
      ],
    });
  });

  it('omits and counts predictions that are not numbers', () => {
    const broken = trial.map((of, index) => (index < 3 ? { ...of, score: NaN } : of));
    const evaluation = evaluatePredictions(broken);
    expect(evaluation).toMatchObject({ unscored: 3, survival: [{ patients: 39 }] });
    expect(verdictOf(evaluation).reasons.at(-1)).toContain('3 predictions are not a number');
    expect(Object.keys(metricsOfSplit(evaluation, 'test'))).toEqual(['cIndex']);
    expect(metricsOfSplit(evaluation, 'validation')).toEqual({});
  });

  it('follows the choice of the positive class, and averages over several classes', () => {
    const rows = [
      [0.7, 0.2, 0.1],
      [0.2, 0.7, 0.1],
      [0.3, 0.4, 0.3],
      [0.1, 0.2, 0.7],
      [0.6, 0.3, 0.1],
    ];
    const cases = rows.map((probabilities, patient): PredictedCase => ({
      patient: String(patient),
      split: 'test',
      outcome: { type: 'classification', index: [0, 1, 0, 2, 1][patient]! },
      score: Math.max(...probabilities),
      probabilities,
    }));
    const classes = ['a', 'b', 'c'];
    const all = evaluatePredictions(cases, { classes }).classification[0]!;
    expect(all.areas.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(all.area!.value).toBeCloseTo(all.areas.reduce((sum, { area }) => sum + area.value, 0) / 3, 12);
    const one = evaluatePredictions(cases, { classes, positive: 2 }).classification[0]!;
    expect(one.areas.map(({ index }) => index)).toEqual([2]);
    expect(one.area!.value).toBe(1);
  });
});
