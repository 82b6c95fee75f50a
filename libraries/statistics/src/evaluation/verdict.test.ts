import { describe, expect, it } from '@jest/globals';
import type { PredictedCase } from './cases.ts';
import { evaluatePredictions } from './evaluate.ts';
import { patientsToTell } from './next-steps.ts';
import { verdictOf, type Verdict } from './verdict.ts';

type Row = readonly [number, number];

function classified(rows: readonly Row[], split = 'test'): PredictedCase[] {
  return rows.map(([index, share], patient) => ({
    patient: `${split}${patient}`,
    split,
    outcome: { type: 'classification', index },
    score: share,
    probabilities: [1 - share, share],
  }));
}

function survived(rows: readonly (readonly [number, boolean, number])[]): PredictedCase[] {
  return rows.map(([time, event, score], patient) => ({
    patient: String(patient),
    split: 'test',
    outcome: { type: 'survival', time, event },
    score,
  }));
}

const judge = (cases: readonly PredictedCase[]): Verdict =>
  verdictOf(evaluatePredictions(cases, { classes: ['benign', 'malignant'] }));
const rowsOf = (count: number, row: (index: number) => Row): Row[] =>
  Array.from({ length: count }, (_, index) => row(index));

describe('verdictOf', () => {
  it('reports chance level, too few patients, and that only one class is predicted', () => {
    const verdict = judge([
      ...classified(rowsOf(8, (index) => [index % 2, 0.2 + index * 0.03])),
      ...classified(
        rowsOf(20, (index) => [index % 2, index % 2 === 0 ? 0.1 : 0.9]),
        'train',
      ),
    ]);
    expect(verdict).toMatchObject({
      kind: 'chance',
      headline: 'Not distinguishable from chance; 8 patients; predicts one class only',
      measure: 'AUC',
      patients: 8,
    });
    expect(verdict.result).toMatch(
      /^Test AUC 0\.625 \(95% CI 0\.\d+ to 0\.\d+\), 8 patients: 4 benign, 4 malignant$/,
    );
    expect(verdict.reasons.join(' ')).toContain('calls every test patient “benign”');
    expect(verdict.next[0]).toContain('about 63 patients of these classes, not 8');
    expect(verdict.next[1]).toContain('learned its training patients (AUC 1.000)');
  });

  it.each<[string, PredictedCase[], Partial<Verdict>]>([
    [
      'many patients',
      classified(rowsOf(200, (index) => [index % 2, ((index * 37) % 100) / 200 + (index % 2) * 0.3])),
      { kind: 'better', headline: 'Better than chance' },
    ],
    [
      'a perfect order of few',
      classified(rowsOf(8, (index) => [index % 2, index % 2])),
      {
        kind: 'imprecise',
        headline: 'Better than chance, but imprecise; 8 patients',
        result: 'Test AUC 1.000 (95% CI 0.582 to 1.000), 8 patients: 4 benign, 4 malignant',
      },
    ],
    [
      'a score that points the wrong way',
      classified(rowsOf(80, (index) => [index % 2, 1 - (index % 2)])),
      { kind: 'worse', headline: 'Worse than chance' },
    ],
    [
      'one class in the test set',
      classified(rowsOf(5, () => [1, 0.7])),
      {
        kind: 'undefined',
        headline: 'No result; all 5 patients are “malignant”; predicts one class only',
        result: 'Test AUC undefined, 5 patients: 5 malignant',
      },
    ],
    ['one patient', classified([[0, 0.2]]), { kind: 'undefined', patients: 1 }],
    [
      'training patients only',
      classified(
        rowsOf(30, (index) => [index % 2, index % 2]),
        'train',
      ),
      { kind: 'untested', headline: 'Not tested on new patients' },
    ],
    [
      'the same score for all',
      classified(rowsOf(30, (index) => [index % 2, 0.5])),
      { kind: 'chance', headline: 'Not distinguishable from chance; 30 patients; predicts one class only' },
    ],
    [
      'few events',
      survived(
        Array.from({ length: 8 }, (_, index) => [index + 1, index % 2 === 0, (index * 5) % 7] as const),
      ),
      { kind: 'chance', headline: 'Not distinguishable from chance; 8 patients, 4 events', events: 4 },
    ],
    [
      'no event',
      survived(Array.from({ length: 6 }, (_, index) => [index + 1, false, index] as const)),
      { kind: 'undefined', headline: 'No result; none of 6 patients had an event' },
    ],
    [
      'events at one time',
      survived(Array.from({ length: 3 }, (_, index) => [4, true, index] as const)),
      { kind: 'undefined', headline: 'No result; no two of 3 patients can be compared' },
    ],
    ['nothing', [], { kind: 'none', patients: 0 }],
    [
      'no numbers',
      classified([[0, NaN]]),
      { kind: 'none', headline: 'No result: no prediction is a number' },
    ],
  ])('judges %s', (_, cases, expected) => {
    const verdict = judge(cases);
    expect(verdict).toMatchObject(expected);
    expect(verdict.next.length).toBeGreaterThan(0);
    expect([verdict.result, ...verdict.reasons, ...verdict.next].join(' ')).not.toMatch(
      /NaN|undefined\b(?!,)/,
    );
  });
});

describe('patientsToTell', () => {
  it('is the number for which the interval leaves out 0.5 four times of five', () => {
    // Hanley and McNeil's null error at 31 and 32 is 0.0740: 1.96 and 0.84 errors are about 0.2.
    expect(patientsToTell(0.7, 0.5)).toBeGreaterThan(55);
    expect(patientsToTell(0.7, 0.5)).toBeLessThan(70);
    expect(patientsToTell(0.7, 0.9)).toBeGreaterThan(2 * patientsToTell(0.7, 0.5));
    expect(patientsToTell(0.9, 0.5)).toBeLessThan(25);
    expect(patientsToTell(0.7, 1)).toBe(Infinity);
  });
});
