import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { type ColumnKind, type Meaning, MissingValues } from './missing.ts';
import { examineTable } from './table.ts';

const classification: CohortSpec = { table: 't.csv', outcome: { type: 'classification', column: 'label' } };
const survival: CohortSpec = {
  table: 't.csv',
  split: { test: 0 },
  outcome: { type: 'survival', time: 'time', event: 'event', treatment: 'arm' },
};
const oracle = (name: string): { found: true; path: string; identity: string } => ({
  found: true,
  path: `/slides/${name}`,
  identity: name,
});

describe('a word for a missing value', () => {
  const kinds: readonly ColumnKind[] = ['identifier', 'number', 'class', 'treatment'];

  it.each([
    ...[
      'NaN',
      'nan',
      '-nan',
      'NA',
      'N/A',
      'n/a',
      '#N/A',
      '#NA',
      'NULL',
      '<NA>',
      'NaT',
      '1.#QNAN',
      '-1.#IND',
      'NONE_',
    ],
    ...['[Not Available]', '[Not Applicable]', '[Unknown]', '[Discrepancy]', '[Not Evaluated]', "'--", '--'],
    ...[
      'Not Reported',
      'not reported',
      'Unknown(?)',
      '#DIV/0!',
      '#VALUE!',
      '#WERT!',
      '#NV',
      '',
      ' \u00a0\u200b',
    ],
  ])('%j means missing in every column', (text) => {
    const missing = new MissingValues({ words: ['none_'] });
    expect(kinds.map((kind) => missing.meaningOf(text, kind))).toEqual(kinds.map(() => 'missing'));
  });

  it.each<[string, Meaning, Meaning, Meaning]>([
    // As an identifier or number, as a class, as a treatment.
    ['-', 'missing', 'ambiguous', 'ambiguous'],
    ['?', 'missing', 'ambiguous', 'ambiguous'],
    ['.', 'missing', 'ambiguous', 'ambiguous'],
    ['\u2013', 'missing', 'ambiguous', 'ambiguous'],
    ['unknown', 'missing', 'ambiguous', 'ambiguous'],
    ['Unknown', 'missing', 'ambiguous', 'ambiguous'],
    ['None', 'missing', 'missing', 'ambiguous'],
    ['none', 'missing', 'ambiguous', 'value'],
    ['+', 'value', 'value', 'value'],
    ['0', 'value', 'value', 'value'],
    ['Nathan', 'value', 'value', 'value'],
    ['nano', 'value', 'value', 'value'],
  ])('%j has a meaning that depends on the column', (text, number, ofClass, treatment) => {
    const missing = new MissingValues();
    expect(missing.meaningOf(text, 'identifier')).toBe(number);
    expect(missing.meaningOf(text, 'number')).toBe(number);
    expect(missing.meaningOf(text, 'class')).toBe(ofClass);
    expect(missing.meaningOf(text, 'treatment')).toBe(treatment);
  });

  it('can be added or removed by the job', () => {
    const missing = new MissingValues({ words: ['n.b.', '999', 'unknown'], values: ['NA', '-'] });
    expect(missing.meaningOf('N.B.', 'class')).toBe('missing');
    expect(missing.meaningOf('999', 'number')).toBe('missing');
    expect(missing.meaningOf('Unknown', 'class')).toBe('missing');
    expect(missing.meaningOf('NA', 'class')).toBe('value');
    expect(missing.meaningOf('na', 'class')).toBe('missing');
    expect(missing.meaningOf('-', 'treatment')).toBe('value');
  });
});

describe('rows with a missing value', () => {
  const rows = ['p1,a,x', 'p2,b,y', 'p3,c,x', 'p4,d,y', 'p5,e,NaN', 'NA,f,x', 'p7,#N/A,y'];
  const text = ['patient,slide,label', ...rows].join('\n');

  it('are refused together', () => {
    const { cohort, problems } = examineTable(text, classification, oracle);
    expect(cohort).toBeUndefined();
    expect(problems.map(({ line, code, column }) => [line, code, column])).toEqual([
      [6, 'EmptyField', 'label'],
      [7, 'EmptyField', 'patient'],
      [8, 'EmptyField', 'slide'],
    ]);
    expect(problems[0]?.message).toBe("the field 'label' says 'NaN', which stands for a missing value");
  });

  it('are left out, counted and reported if the job says so', () => {
    const { cohort, notes } = examineTable(text, { ...classification, missing: { rows: 'skip' } }, oracle);
    expect(cohort).toEqual(
      examineTable(['patient,slide,label', ...rows.slice(0, 4)].join('\n'), classification, oracle).cohort,
    );
    expect(notes).toEqual([
      "1 row is left out for want of 'label' ('NaN'): line 6",
      "1 row is left out for want of 'patient' ('NA'): line 7",
      "1 row is left out for want of 'slide' ('#N/A'): line 8",
    ]);
  });

  it('leave a patient without a treatment out of the arms, not out of the run', () => {
    const arms = ['drug', '', 'control', 'NA', 'none', 'drug', 'control'];
    const table = arms.map((arm, index) => `p${index},s${index},${index + 1},${index % 2},${arm}`);
    const result = examineTable(['patient,slide,time,event,arm', ...table].join('\n'), survival, oracle);
    expect(result.cohort?.cases).toHaveLength(7);
    expect(result.cohort?.treatments).toEqual(['control', 'drug', 'none']);
    expect(result.cohort?.cases.map(({ treatment }) => treatment)).toEqual(
      arms.map((arm) => (arm === '' || arm === 'NA' ? undefined : arm)),
    );
    expect(result.summary?.patientsWithoutTreatment).toBe(2);
    expect(result.notes[0]).toBe(
      "2 patients have no 'arm' (empty and 'NA'): in the run, but in no arm: lines 3 and 5",
    );
    expect(result.notes[1]).toContain("the treatment 'none' is the arm of patients without one");
  });

  it('contradict a row of the same patient that has the treatment', () => {
    const table = 'patient,slide,time,event,arm\n1,a,2,1,n\n1,b,2,1,\n2,c,1,0,m\n';
    const { problems } = examineTable(table, survival, oracle);
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['ConflictingTreatment', "patient '1' has arm missing here and 'n' on line 2"],
    ]);
  });

  it('are refused if the word may be a class, until the job gives its meaning', () => {
    const hpv = 'patient,slide,label\n1,a,+\n2,b,-\n3,c,+\n4,d,-\n';
    const { problems } = examineTable(hpv, classification, oracle);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [3, 'AmbiguousWord'],
      [5, 'AmbiguousWord'],
    ]);
    const stated = examineTable(hpv, { ...classification, missing: { values: ['-'] } }, oracle);
    expect(stated.cohort?.classes).toEqual(['+', '-']);
  });

  it('leave no cohort if there are no others', () => {
    const spec: CohortSpec = { ...classification, missing: { rows: 'skip' } };
    const { problems } = examineTable('patient,slide,label\n1,a,NA\n2,b,NaN\n', spec, oracle);
    expect(problems.map(({ code }) => code)).toEqual(['EmptyTable']);
  });
});
