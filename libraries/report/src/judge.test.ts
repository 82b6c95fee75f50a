import { describe, expect, it } from '@jest/globals';
import { judge } from './judge.ts';
import { readPredictions } from './read-predictions.ts';

const row = (patient: string, name: string, classIndex: number, probabilities: unknown): unknown => ({
  patient,
  bag: patient,
  split: 'test',
  outcome: { type: 'classification', class: name, classIndex },
  score: 0.5,
  probabilities,
});

describe('judge', () => {
  it('reads probabilities by class name, independent of the key order of JSON', () => {
    const predictions = readPredictions([
      row('a', '9', 1, { '9': 0.8, '10': 0.2 }),
      row('b', '10', 0, { '9': 0.1, '10': 0.9 }),
    ]);
    expect(predictions.map(({ probabilities }) => probabilities)).toEqual([
      [0.2, 0.8],
      [0.9, 0.1],
    ]);
    const { classes, evaluation } = judge({ predictions, result: undefined });
    expect(classes).toEqual(['10', '9']);
    expect(evaluation.classification[0]).toMatchObject({ accuracy: { value: 1 }, area: { value: 1 } });
  });

  it('reads lists by index, as written by older runs, and results without patient names', () => {
    const lists = readPredictions([row('a', 'yes', 1, [0.3, 0.7]), row('b', 'no', 0, [0.6, 0.4])]);
    expect(judge({ predictions: lists, result: undefined }).classes).toEqual(['no', 'yes']);
    const named = readPredictions([row('a', 'b', 1, { c: 0.1, __proto__x: 0.1, b: 0.7, a: 0.1 })]);
    expect(judge({ predictions: named, result: undefined }).classes).toEqual(['__proto__x', 'b', 'a', 'c']);
  });

  it('takes the positive class from the result, then from the job', () => {
    const predictions = readPredictions([
      row('a', 'high', 0, { high: 0.9, low: 0.1 }),
      row('b', 'low', 1, { high: 0.2, low: 0.8 }),
    ]);
    const positive = (result: Record<string, unknown> | undefined): unknown =>
      judge({ predictions, result }).evaluation.positive;
    const job = { spec: { cohort: { outcome: { positive: 'high' } } } };
    expect([positive(undefined), positive({ job }), positive({ positiveClass: 'low', job })]).toEqual([
      1, 0, 1,
    ]);
    expect(positive({ positiveClass: 'nobody' })).toBe(1);
  });

  it('counts values that are not numbers', () => {
    const predictions = readPredictions([
      { ...(row('a', 'x', 0, { x: null, y: 0.5 }) as object), score: null },
    ]);
    expect(judge({ predictions, result: undefined })).toMatchObject({
      evaluation: { unscored: 1 },
      verdict: { kind: 'none' },
    });
  });
});
