import { describe, expect, it } from '@jest/globals';
import type { Prediction } from '../../scoring/prediction.ts';
import { evaluationOf } from './evaluation.ts';
import { writtenEvaluation, writtenPredictions } from './result-evaluation.ts';

const classified = (patient: string, classIndex: number, share: number): Prediction => ({
  patient,
  bag: `${patient}.svs`,
  slides: [`/s/${patient}.svs`],
  split: 'test',
  outcome: { type: 'classification', class: ['benign', 'malignant'][classIndex]!, classIndex },
  score: share,
  probabilities: [1 - share, share],
});
const survived = (patient: string, time: number, event: 0 | 1, score: number): Prediction => ({
  patient,
  bag: `${patient}-${score}`,
  slides: [],
  split: 'test',
  outcome: { type: 'survival', time, event },
  score,
});
const model = { classes: ['benign', 'malignant'] };

describe('the evaluation in result.json', () => {
  it('has every metric with its interval, the method, the level and the patients', () => {
    const predictions = [0.1, 0.4, 0.3, 0.6, 0.8, 0.7].map((share, index) =>
      classified(`p${index}`, index >> 2 || index === 3 ? 1 : 0, share),
    );
    const { test } = writtenEvaluation(evaluationOf(predictions, model));
    expect(test).toMatchObject({
      unit: 'patient',
      patients: 6,
      classes: { benign: 3, malignant: 3 },
      estimates: {
        auc: { value: 1, upper: 1, level: 0.95, method: 'Newcombe', patients: 6 },
        // Wilson's interval of 6 of 6: 1 / (1 + z^2 / 6).
        accuracy: { value: 1, lower: expect.closeTo(0.6097, 4) as unknown, method: 'Wilson', patients: 6 },
      },
      confusion: { benign: { benign: 3, malignant: 0 }, malignant: { benign: 0, malignant: 3 } },
    });
    expect(test!.estimates['auc']!.lower).toBeLessThan(0.75);
  });

  it('counts a patient once, however many slides were scored', () => {
    const once = [3, 1, 4, 2, 6, 5].map((time, index) =>
      survived(`p${index}`, time, index === 2 ? 0 : 1, -time),
    );
    const five = [1, 2, 3, 4, 5].flatMap(() => once);
    const of = (predictions: readonly Prediction[]): unknown => {
      const { bags: _bags, ...rest } = writtenEvaluation(evaluationOf(predictions, { classes: [] }))['test']!;
      return rest;
    };
    expect(of(five)).toEqual(of(once));
    expect(of(once)).toMatchObject({
      patients: 6,
      events: 5,
      estimates: { cIndex: { value: 1, patients: 6, events: 5, method: 'Newcombe, events as cases' } },
      riskGroups: { patients: { 'low risk': 3, 'high risk': 3 } },
    });
  });

  it('omits undefined metrics', () => {
    const one = writtenEvaluation(evaluationOf([classified('a', 1, 0.7)], model))['test']!;
    expect(Object.keys(one.estimates)).toEqual(['accuracy']);
    const censored = writtenEvaluation(evaluationOf([survived('a', 3, 0, 1)], { classes: [] }))['test']!;
    expect(censored).toMatchObject({ events: 0, estimates: {} });
    expect(JSON.stringify([one, censored])).not.toContain('null');
  });
});

describe('predictions.json', () => {
  it('names the classes', () => {
    expect(writtenPredictions([classified('a', 1, 0.25)], model)[0]).toEqual({
      patient: 'a',
      bag: 'a.svs',
      slides: ['/s/a.svs'],
      split: 'test',
      outcome: { type: 'classification', class: 'malignant', classIndex: 1 },
      score: 0.25,
      positiveClass: 'malignant',
      predicted: 'benign',
      probabilities: { benign: 0.75, malignant: 0.25 },
    });
    const three = { classes: ['a', 'b', '__proto__'] };
    const row = { ...classified('a', 1, 0.6), probabilities: [0.1, 0.3, 0.6] };
    const [written] = writtenPredictions([row], three);
    expect(written).not.toHaveProperty('positiveClass');
    expect(JSON.stringify(written)).toContain(
      '"predicted":"__proto__","probabilities":{"a":0.1,"b":0.3,"__proto__":0.6}',
    );
    expect(writtenPredictions([survived('a', 3, 1, 0.2)], { classes: [] })[0]).not.toHaveProperty(
      'predicted',
    );
  });
});
