import { describe, expect, it } from '@jest/globals';
import { classificationFindings, survivalFindings } from './findings.ts';
import { headlineOf } from './headline.ts';
import type { Outcome, Prediction } from './run.ts';

function predicted(patient: string, split: string, outcome: Outcome, score: number): Prediction {
  const probabilities = outcome.type === 'classification' ? [1 - score, score] : undefined;
  return { patient, bag: patient, slides: [], split, outcome, score, probabilities, treatment: undefined };
}

const classified = (patient: string, index: number, score: number, split = 'test'): Prediction =>
  predicted(patient, split, { type: 'classification', index, name: ['benign', 'malignant'][index]! }, score);
const followed = (patient: string, time: number, score: number, split = 'test'): Prediction =>
  predicted(patient, split, { type: 'survival', time, event: true }, score);

describe('classification findings', () => {
  it('come test first, and the headline says what was measured on whom', () => {
    const predictions = [
      classified('t', 1, 0.9, 'train'),
      ...[0.1, 0.3, 0.6].map((score, index) => classified(`a${index}`, 0, score)),
      ...[0.4, 0.8, 0.9].map((score, index) => classified(`b${index}`, 1, score)),
    ];
    const findings = classificationFindings(predictions);
    expect(findings.map(({ split }) => split)).toEqual(['test', 'train']);
    expect(findings[0]).toMatchObject({
      matrix: [
        [2, 1],
        [1, 2],
      ],
      bags: 6,
      areas: [{ name: 'malignant', area: { value: 8 / 9, method: 'DeLong' } }],
    });
    expect(findings[1]!.areas).toEqual([]);
    const { figure, sentences } = headlineOf(findings, [], ['benign', 'malignant'])!;
    expect(figure).toBe('0.889');
    expect(sentences[0]).toContain('6 held-out test patients, the model tells “malignant” from “benign”');
    expect(sentences[1]).toContain('4 of 6 are classified correctly (67%; 95% CI 30% to 90%)');
  });

  it('warn where only training patients were predicted', () => {
    const findings = classificationFindings([
      classified('a', 0, 0.2, 'train'),
      classified('b', 1, 0.7, 'train'),
    ]);
    expect(headlineOf(findings, [], ['benign', 'malignant'])!.sentences.at(-1)).toContain(
      'nothing of new ones',
    );
  });

  it('resample patients where a patient has several bags', () => {
    const predictions = Array.from({ length: 40 }, (_, index) =>
      classified(`p${index >> 1}`, (index >> 1) % 2, ((index * 7) % 11) / 20 + ((index >> 1) % 2) * 0.3),
    );
    expect(classificationFindings(predictions)[0]).toMatchObject({
      patients: 20,
      bags: 40,
      areas: [{ area: { method: 'bootstrap over patients' } }],
    });
  });

  it('are none for predictions of another kind', () => {
    expect(classificationFindings([followed('a', 1, 0)])).toEqual([]);
    expect(headlineOf([], [], [])).toBeUndefined();
  });
});

describe('survival findings', () => {
  it('cut the risk at the median of the training patients, not of the test', () => {
    const predictions = [
      ...[1, 2, 3].map((score) => followed(`t${score}`, 5 - score, score, 'train')),
      ...[2.5, 3, 4].map((score) => followed(`s${score}`, 10 - score, score)),
      followed('s1', 20, 1),
    ];
    const [test] = survivalFindings(predictions);
    expect(test!.concordance?.value).toBe(1);
    expect(test!.groupings[0]!.groups.map(({ name }) => name)).toEqual(['low risk (1)', 'high risk (3)']);
    // Of a perfect order the jackknife's variance is zero; the report must not call that certainty.
    expect(headlineOf([], [test!], [])!.sentences[0]).toContain('no interval can be estimated');
  });

  it('compare the arms where there are two', () => {
    const arms = ['a', 'b', 'a', 'b', 'a', 'b'].map((treatment, index) => ({
      ...followed(`p${index}`, index + 1, index % 3),
      treatment,
    }));
    expect(survivalFindings(arms)[0]!.groupings.map(({ title }) => title)).toEqual([
      'by predicted risk',
      'by treatment, all patients',
      'by treatment, predicted low risk',
      'by treatment, predicted high risk',
    ]);
  });
});
