/** One patient or class in two spellings is reported before anything starts, with both rows. */
import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { skeletonOf } from './spelling/skeleton.ts';
import { type CohortExamination, examineTable } from './table.ts';

const spec: CohortSpec = { table: 't.csv', outcome: { type: 'classification', column: 'label' } };
const oracle = (name: string): { found: true; path: string; identity: string } => ({
  found: true,
  path: `/slides/${name}`,
  identity: name,
});

/** Two patients, of one class each, in the given spellings, and enough others. */
function patients(first: string, second: string, changed: Partial<CohortSpec> = {}): CohortExamination {
  const rows = [`"${first}",a,x`, `"${second}",b,x`, 'other1,c,y', 'other2,d,y', 'other3,e,x'];
  return examineTable(['patient,slide,label', ...rows].join('\n'), { ...spec, ...changed }, oracle);
}

function classes(first: string, second: string, changed: Partial<CohortSpec> = {}): CohortExamination {
  const rows = [
    `p1,a,"${first}"`,
    `p2,b,"${second}"`,
    `p3,c,"${second}"`,
    `p4,d,"${first}"`,
    'p5,e,z',
    'p6,f,z',
  ];
  return examineTable(['patient,slide,label', ...rows].join('\n'), { ...spec, ...changed }, oracle);
}

describe('two spellings of a patient', () => {
  it.each([
    ['TCGA-AA-1000', 'tcga-aa-1000', 'letter case'],
    ['M\u00fcller 7', 'Mu\u0308ller 7', 'how letters are composed (Unicode NFC and NFD)'],
    ['M\u00fcller 7', 'Muller 7', 'accents'],
    ['M\u00fcller 7', 'M\u00c3\u00bcller 7', 'the encoding of letters'],
    ['1001', '1001.0', 'how a number is written'],
    ['1001', '01001', 'how a number is written'],
    ['1001', '1,001', 'how a number is written'],
    ['1000', '1e3', 'how a number is written'],
    ['P-001', 'P-1', 'leading zeros'],
    ['P001', 'P\u200b001', 'invisible characters'],
    ['P 001', 'P\u00a0001', 'spaces'],
    ['P 001', 'P  001', 'spaces'],
    ['P-001', 'P\u2013001', 'dashes and spaces'],
    ['P-001', 'P\u2212001', 'dashes and spaces'],
    ['P-001', 'P_001', 'dashes and spaces'],
    ['P-001', 'P001', 'dashes and spaces'],
    ['AB-12', '\u0410B-12', 'letters of another alphabet that look alike'],
    ['\uff21B12', 'AB12', 'the form of characters (Unicode NFKC)'],
    ['TCGA-AA-1000', 'TCGA-AA-1000-01A', 'how much of the barcode of TCGA-AA-1000 is given'],
    ['TCGA-AA-1000-11A', 'TCGA-AA-1000-01A', 'how much of the barcode of TCGA-AA-1000 is given'],
    ['C3L-00001', 'C3L-00001-21', 'how much of the barcode of C3L-00001 is given'],
    ["'1001", '1001', 'quotes and punctuation'],
    ['TCGA.AA.1000', 'TCGA-AA-1000', 'how much of the barcode of TCGA-AA-1000 is given'],
    ['H12/345', 'H12-345', 'punctuation'],
    ['=12', '12', 'quotes and punctuation'],
  ])('such as %j and %j are refused, with both rows', (first, second, difference) => {
    const { cohort, problems } = patients(first, second);
    expect(cohort).toBeUndefined();
    expect(problems.map(({ line, code }) => [line, code])).toEqual([[3, 'SimilarPatients']]);
    expect(problems[0]?.message).toContain('(line 2)');
    expect(problems[0]?.message.split(' differ only in ')[1]).toBe(difference);
    expect(problems[0]?.remedy).toContain('cohort.spellings.patients: merge');
  });

  it.each([
    ['1-12', '11-2'],
    ['1-12', '112'],
    ['10', '100'],
    ['1001.0', '1001.5'],
    ['P1', 'P10'],
    ['1.1', '1.10'],
    ['H1/12', 'H11/2'],
    ['TCGA-AA-1000', 'TCGA-AA-1001'],
    ['TCGA-AA-1000-01A', 'TCGA-AB-1000-01A'],
    ['か', 'が'],
  ])('are not %j and %j, which are distinct', (first, second) => {
    expect(patients(first, second).problems).toEqual([]);
  });

  it('are one patient, on one side of the split, if the job says so', () => {
    for (const seed of [0, 1, 2, 3, 4, 5]) {
      const changed: Partial<CohortSpec> = { spellings: { patients: 'merge' }, split: { test: 0.4, seed } };
      const { cohort, notes } = patients('TCGA-AA-1000', 'tcga-aa-1000', changed);
      expect(cohort?.cases.map(({ patient }) => patient)).toEqual([
        'TCGA-AA-1000',
        'other1',
        'other2',
        'other3',
      ]);
      expect(cohort?.cases[0]?.slides).toEqual(['/slides/a', '/slides/b']);
      expect(notes).toEqual([
        "patients that differ only in spelling are taken for one (cohort.spellings): 'TCGA-AA-1000' = 'tcga-aa-1000'",
      ]);
    }
  });

  it('are two patients if the job says so, with a note', () => {
    const { cohort, notes } = patients('P1', 'p1', { spellings: { patients: 'distinct' } });
    expect(cohort?.cases).toHaveLength(5);
    expect(notes[0]).toContain('kept apart');
  });

  it('must agree in their outcome once they are one', () => {
    const text = 'patient,slide,label\nP1,a,x\np1,b,y\nq,c,x\nr,d,y\n';
    const { problems } = examineTable(text, { ...spec, spellings: { patients: 'merge' } }, oracle);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([[3, 'ConflictingOutcome']]);
  });

  it('are reported with invisible characters escaped', () => {
    const message = patients('P1', 'P\u200b1').problems[0]?.message;
    expect(message).toBe("the patients 'P1' (line 2) and 'P\\u{200b}1' differ only in invisible characters");
  });

  it('are detected by the barcodes in the names of their slides', () => {
    const rows = ['1,TCGA-AA-1000-01Z-00-DX1.svs,x', '2,TCGA-AA-1000-01Z-00-DX2.svs,x', '3,c,y', '4,d,y'];
    const { problems } = examineTable(['patient,slide,label', ...rows].join('\n'), spec, oracle);
    expect(problems.map(({ line, message }) => [line, message])).toEqual([
      [3, "the patients '1' (line 2) and '2' both have slides of the participant TCGA-AA-1000"],
    ]);
  });
});

describe('an identifier mangled by a spreadsheet', () => {
  it.each([
    ['1.00E+05', 'is a number that a spreadsheet has shortened'],
    ['2,01E+11', 'is a number that a spreadsheet has shortened'],
    ['2-Mar', 'looks like a date that a spreadsheet has made'],
    ['M\ufffdller', 'has lost letters (U+FFFD) when the table was saved'],
  ])('is refused: %j', (name, reason) => {
    const { problems } = patients(name, 'another');
    expect(problems.map(({ line, code }) => [line, code])).toEqual([[2, 'MangledIdentifier']]);
    expect(problems[0]?.message).toContain(reason);
    expect(patients(name, 'another', { spellings: { patients: 'distinct' } }).problems).toEqual([]);
  });
});

describe('two spellings of a class', () => {
  it.each([
    ['b', 'B'],
    ['b', 'b\u200b'],
    ['grade 1', 'Grade-1'],
    ['Grade III', 'Grade \u2162'],
    ['1', '1.0'],
    ['tumour', 'tumour.'],
    ['\u0440ositive', 'positive'],
  ])('such as %j and %j are refused', (first, second) => {
    const { problems } = classes(first, second);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([[3, 'SimilarClasses']]);
  });

  it.each([
    ['HPV+', 'HPV-'],
    ['<5', '>5'],
    ['0.05', '0.5'],
    ['T1', 'T2'],
    ['1', '-1'],
    ['G1-2', 'G12'],
  ])('are not %j and %j, which are distinct', (first, second) => {
    expect(classes(first, second).cohort?.classes).toHaveLength(3);
  });

  it('are one class, in the more frequent spelling, if the job says so', () => {
    const text = 'patient,slide,label\n1,a,Tumour\n2,b,tumour\n3,c,tumour\n4,d,normal\n5,e,normal\n';
    const { cohort } = examineTable(text, { ...spec, spellings: { classes: 'merge' } }, oracle);
    expect(cohort?.classes).toEqual(['normal', 'tumour']);
  });
});

describe('skeletonOf', () => {
  it('is its own skeleton', () => {
    for (const text of [
      'TCGA-AA-1000',
      ' M\u00fc ller',
      '1,001.0',
      'P - 001',
      '"x"',
      '\u0391B_1',
      '1e3',
      '',
    ]) {
      expect(skeletonOf(skeletonOf(text))).toBe(skeletonOf(text));
    }
  });
});
