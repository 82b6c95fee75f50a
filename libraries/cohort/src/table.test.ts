/* eslint-disable max-lines -- a table of tables */
import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import type { SlideOracle } from './table-fields.ts';
import { examineTable, parseCohort } from './table.ts';

const classification: CohortSpec = { table: 't.csv', outcome: { type: 'classification', column: 'label' } };
const survival: CohortSpec = {
  table: 't.csv',
  outcome: { type: 'survival', time: 'time', event: 'event', treatment: 'arm' },
};
const explicit: CohortSpec = { ...classification, split: { column: 'split' } };

/** Every slide exists but those called `gone`; `./x` is the same file as `x`. */
const oracle: SlideOracle = (name) =>
  name.startsWith('gone')
    ? { found: false, reason: `the slide '${name}' does not exist` }
    : { found: true, path: `/slides/${name}`, identity: name.replace(/^\.\//, '') };

function problems(text: string, spec: CohortSpec = classification): string[] {
  const result = parseCohort(text, spec, oracle);
  return (result.problems ?? []).map(({ line, code }) => `${line ?? '-'} ${code}`);
}

const good = 'patient,slide,label\np1,a,x\np2,b,y\np3,c,x\np4,d,y\n';

describe('a readable but suspicious table is refused', () => {
  const messages = (text: string, spec: CohortSpec = classification): string[] =>
    (parseCohort(text, spec, oracle).problems ?? []).map(({ message }) => message);
  const rows = (of: (index: number) => string, header = 'patient,slide,label', count = 6): string =>
    [header, ...Array.from({ length: count }, (_, index) => of(index))].join('\n');

  it('for a row that begins like a comment, unless all of them do', () => {
    expect(problems(good.replace('p3', '# p3'))).toEqual(['4 MalformedCsv']);
    expect(problems(good.replace(/^p/gm, (at) => `#${at}`).replace('#patient', 'patient'))).toEqual([]);
  });

  it('but not for a row whose first column has a word for a missing value', () => {
    const graded = ['grade,patient,slide,label', '#N/A,p1,a,x', '1,p2,b,y', '#REF!,p3,c,x', '2,p4,d,y'];
    expect(problems(graded.join('\n'))).toEqual([]);
    const own = graded.join('\n').replace('#REF!', '#leer');
    expect(problems(own)).toEqual(['4 MalformedCsv']);
    expect(problems(own, { ...classification, missing: { words: ['#leer'] } })).toEqual([]);
  });

  it('for yes and no in two forms, unless the job distinguishes them', () => {
    const mixed = rows((index) => `p${index},s${index},${['True', 'False', '1', '0', '1', '0'][index]}`);
    expect(problems(mixed)).toEqual(['4 SimilarClasses', '5 SimilarClasses']);
    expect(problems(mixed, { ...classification, spellings: { classes: 'merge' } })).toHaveLength(2);
    expect(problems(mixed, { ...classification, spellings: { classes: 'distinct' } })).not.toContain(
      '4 SimilarClasses',
    );
    // A grade of 0 beside words is one.
    const grades = rows((index) => `p${index},s${index},${['0', 'negative', 'low'][index % 3]}`);
    expect(problems(grades)).toEqual([]);
    const arms = rows(
      (index) => `p${index},s${index},${index + 1},1,${['yes', '1', '0'][index % 3]}`,
      'patient,slide,time,event,arm',
    );
    expect(problems(arms, survival)).toEqual(['3 SimilarTreatments']);
  });

  it('for numbers truncated to 15 digits by a spreadsheet', () => {
    const long = (end: string): string =>
      rows((index) => `12345678901234${index}${end},s${index},${'xy'[index % 2]}`);
    expect(problems(long('00')).filter((of) => of.includes('MangledIdentifier'))).toHaveLength(6);
    expect(problems(long('01'))).toEqual([]);
  });

  it('for columns separated by spaces only', () => {
    expect(messages(good.replaceAll(',', '  '))).toEqual(['the columns are separated by spaces']);
  });

  it('for wrong column names, with the right ones', () => {
    const [patient, slide] = messages(good.replace('patient,slide', 'case_id,Filename'));
    expect(patient).toContain("there is no column 'patient' (did you mean 'case_id'?)");
    expect(slide).toContain("there is no column 'slide' (did you mean 'Filename'?)");
  });
});

describe('the check of a table', () => {
  const notesOf = (text: string, spec: CohortSpec = classification): readonly string[] =>
    examineTable(text, spec, oracle).notes;

  it('refuses one column for two roles, but the slide may name the patient', () => {
    expect(problems(good, { ...explicit, split: { column: 'label' } })).toContain('- DuplicateColumn');
    expect(problems(good, { ...classification, patientColumn: 'slide' })).not.toContain('- DuplicateColumn');
  });

  it('finds a repeated header, and one below a title', () => {
    expect(problems(good.replace('p3,', 'patient,slide,label\np3,'))).toEqual(['4 MalformedCsv']);
    const [titled] = parseCohort(`Export,,\n${good}`, classification, oracle).problems ?? [];
    expect(titled?.message).toBe('the columns that the job names stand on line 2, not in the first line');
  });

  it('notes byte-order marks within the table', () => {
    expect(notesOf(good.replace('p3', '\uFEFFp3'))).toEqual([
      'invisible byte-order marks left out on line 4',
    ]);
    expect(notesOf(`\uFEFF${good}`)).toEqual([]);
  });

  it.each([
    ['y', '999', "'999' is a class in 'label'"],
    ['y', '0.5', 'the classes in'],
  ])('notes numbers as classes: %s as %s', (from, to, note) => {
    const text = `${good}p5,e,2\np6,f,2\n`.replaceAll('x', to === '999' ? '1' : '1.5').replaceAll(from, to);
    expect(notesOf(text).join()).toContain(note);
  });

  it('notes patients that may be blocks of one patient', () => {
    const text = good.replace('p1', 'H20-1-A').replace('p2', 'H20-1-B');
    expect(notesOf(text).join()).toContain("only in a last letter, such as 'H20-1-A' and 'H20-1-B'");
    expect(notesOf(good)).toEqual([]);
  });

  it('notes times that may be misread numbers', () => {
    const times = (...list: string[]): string[] => {
      const rows = list.map((time, index) => `p${index},s${index},${time},${index % 2}`);
      const text = ['patient,slide,time,event', ...rows].join('\n');
      const spec: CohortSpec = {
        table: 't.csv',
        outcome: { type: 'survival', time: 'time', event: 'event' },
        split: { test: 0 },
      };
      return notesOf(text, spec).filter((note) => note.includes("'time'"));
    };
    expect(times('300', '1.100', '1.250', '90')).toEqual([
      "2 times in 'time' have three decimals and the others none: '1.100' is read as 1.1; when the point parts thousands, write 1100",
    ]);
    expect(times('3', '1.1', '1.25', '0.125')).toEqual([]);
    expect(times('1.2E+03', '7', '8')).toEqual([
      "1 time in 'time' is like '1.2E+03', read as 1200: did a spreadsheet leave out digits?",
    ]);
    expect(times('5', '5.0', '5')[0]).toContain("every time in 'time' is 5");
  });

  it('notes arms of free text, small arms, and a test set enlarged by small groups', () => {
    const arms = (of: (index: number) => string): readonly string[] => {
      const rows = Array.from(
        { length: 18 },
        (_, index) => `p${index},s${index},${index + 1},${index % 2},${of(index)}`,
      );
      return notesOf(['patient,slide,time,event,arm', ...rows].join('\n'), survival);
    };
    expect(arms((index) => `${index} cycles`).join('\n')).toMatch(
      /'arm' has 18 arms, 18 of them with fewer than 5 patients: when it is free text/,
    );
    expect(arms((index) => `${index} cycles`).join('\n')).toContain('test has 0 of 18 patients, not the 5');
    expect(arms((index) => (index < 2 ? 'X' : 'Y')).join('\n')).toContain(
      "of which nothing can be said: 'X' (2)",
    );
    expect(arms((index) => 'XY'[index % 2]!).filter((note) => note.includes('arm'))).toEqual([]);
  });

  it('notes a duplicated column, and a number in place of a patient', () => {
    const twice = good.replace(/$/gm, ',x').replace(',x', ',label.1').trimEnd().replace(/\n,x$/, '');
    expect(notesOf(twice)).toEqual(["there are columns 'label' and 'label.1': 'label' is read"]);
    const nobody = good.replace('p1', '-1').replace('p3', '-1');
    expect(notesOf(nobody).join()).toContain("the patient '-1' has 2 slides");
  });

  it('notes a test set that cannot evaluate some class', () => {
    const rows = ['p1,a,x,train', 'p2,b,y,train', 'p3,c,x,train', 'p4,d,y,train', 'p5,e,x,test'];
    const text = ['patient,slide,label,split', ...rows].join('\n');
    expect(notesOf(text, explicit)).toEqual([
      "no patient in test has the class 'y': how well it is recognised will not be known",
    ]);
    expect(notesOf(text.replace('test', 'train'), explicit)[0]).toContain('no patient is in test');
  });
});

describe('parseCohort', () => {
  it('reads several slides a patient, and does not depend on the order of the rows', () => {
    const text = 'patient,slide,label\np1,b,x\np1,a,x\np2,c,y\np3,d,x\np4,e,y\n';
    const { cohort } = parseCohort(text, classification, oracle);
    expect(cohort?.classes).toEqual(['x', 'y']);
    expect(cohort?.cases.map(({ bag, slides }) => [bag, ...slides])).toEqual([
      ['p1', '/slides/a', '/slides/b'],
      ['p2', '/slides/c'],
      ['p3', '/slides/d'],
      ['p4', '/slides/e'],
    ]);
    expect(cohort?.cases[1]?.outcome).toEqual({ type: 'classification', class: 'y', classIndex: 1 });
    const [header, ...rows] = text.trim().split('\n');
    expect(parseCohort([header, ...rows.reverse()].join('\n'), classification, oracle).cohort).toEqual(
      cohort,
    );
  });

  it('makes one case per slide with bag: slide, with all of a patient on one side of the split', () => {
    const rows = Array.from(
      { length: 20 },
      (_, index) => `p${index >> 1},s${index},${index & 2 ? 'x' : 'y'}`,
    );
    const spec: CohortSpec = { ...classification, bag: 'slide', split: { test: 0.3, seed: 3 } };
    const { cohort } = parseCohort(['patient,slide,label', ...rows].join('\n'), spec, oracle);
    expect(cohort?.cases.length).toBe(20);
    for (const [, members] of Map.groupBy(cohort?.cases ?? [], ({ patient }) => patient)) {
      expect(new Set(members.map(({ split }) => split)).size).toBe(1);
    }
    expect(new Set(cohort?.cases.map(({ split }) => split))).toEqual(new Set(['train', 'test']));
  });

  it('reads survival with treatment arms, other column names, a byte-order mark and Windows line ends', () => {
    const text =
      '\uFEFFid,file,time,event,arm,note\r\nA,a,1.5e1,1,drug,"x, ""y""\r\nz"\r\n\r\nB,b,.5,0.0,none,\r\n';
    const spec: CohortSpec = { ...survival, patientColumn: 'id', slideColumn: 'file', split: { test: 0 } };
    const { cohort } = parseCohort(text, spec, oracle);
    expect(cohort?.treatments).toEqual(['drug', 'none']);
    expect(cohort?.cases.map(({ outcome, treatment }) => [outcome, treatment])).toEqual([
      [{ type: 'survival', time: 15, event: 1 }, 'drug'],
      [{ type: 'survival', time: 0.5, event: 0 }, 'none'],
    ]);
  });

  it('makes every patient the test set of exactly one fold', () => {
    const tested = [0, 1].flatMap((fold) => {
      const { cohort } = parseCohort(good, { ...classification, split: { folds: 2, fold } }, oracle);
      return (cohort?.cases ?? []).filter(({ split }) => split === 'test').map(({ patient }) => patient);
    });
    expect(tested.sort()).toEqual(['p1', 'p2', 'p3', 'p4']);
  });

  it.each<[string, string, CohortSpec, string[]]>([
    ['an empty file', '', classification, ['- EmptyTable']],
    ['a header alone', 'patient,slide,label\n', classification, ['- EmptyTable']],
    ['lines in quotes', good.replaceAll(/^(.+)$/gm, '"$1"'), classification, ['1 WrongDelimiter']],
    ['absent columns', 'Patient,slide,x\n1,a,b\n', classification, ['1 MissingColumn', '1 MissingColumn']],
    ['a column twice', 'patient,slide,label,label\np,a,x,x\n', classification, ['1 DuplicateColumn']],
    ['ragged rows', `${good}p5,e\np6,f,x,,\n`, classification, ['6 RaggedRow', '7 RaggedRow']],
    ['an open quote', `${good}p5,"e,x\n`, classification, ['6 MalformedCsv']],
    ['a stray quote', `${good}p5,e"e",x\n`, classification, ['6 MalformedCsv']],
    [
      'empty fields',
      `${good},e,x\np6, ,\n`,
      classification,
      ['6 EmptyField', '7 EmptyField', '7 EmptyField'],
    ],
    [
      'missing slides',
      `${good}p5,gone,x\np6,gone2,y\n`,
      classification,
      ['6 MissingSlide', '7 MissingSlide'],
    ],
    ['a slide twice', `${good}p5,./a,x\np1,b,x\n`, classification, ['6 DuplicateSlide', '7 DuplicateSlide']],
    ['two outcomes', `${good}p1,e,y\n`, classification, ['6 ConflictingOutcome']],
    [
      'a positive class that no row has',
      good,
      { ...classification, outcome: { type: 'classification', column: 'label', positive: 'X' } },
      ['- UnknownPositive'],
    ],
    ['one class', 'patient,slide,label\np1,a,x\np2,b,x\n', classification, ['- TooFewClasses']],
    ['a class of one patient', `${good}p5,e,z\np5,f,z\n`, classification, ['6 ClassWithOnePatient']],
    [
      'a quoted field over lines',
      'patient,slide,label\n"p\n1",a,x\n\n"p\n2",gone,y\n',
      classification,
      ['5 MissingSlide'],
    ],
    ['fold out of range', good, { ...classification, split: { folds: 2, fold: 2 } }, ['- SplitImpossible']],
    ['too many folds', good, { ...classification, split: { folds: 5 } }, ['- SplitImpossible']],
    ['bad fractions', good, { ...classification, split: { test: 1 } }, ['- SplitImpossible']],
    [
      'bad times and events',
      'patient,slide,time,event,arm\n1,a,x,1,n\n2,b,-1,1,n\n3,c,NaN,2,n\n4,d,Infinity,yes,n\n5,e,"1,5",,y\n6,f,0x10,1,y\n',
      survival,
      [
        '2 InvalidTime',
        '3 InvalidTime',
        '4 EmptyField',
        '4 InvalidEvent',
        '5 InvalidTime',
        '5 InvalidEvent',
      ].concat(['6 InvalidTime', '6 EmptyField', '7 InvalidTime']),
    ],
    ['no event', 'patient,slide,time,event,arm\n1,a,2,0,n\n2,b,1,0,y\n', survival, ['- NoEvents']],
    ['one arm', 'patient,slide,time,event,arm\n1,a,2,0,n\n2,b,1,1,n\n', survival, ['- OneTreatment']],
    [
      'contradictions of a patient',
      'patient,slide,time,event,arm\n1,a,2,1,n\n1,b,3,1,n\n1,c,2,1,y\n2,d,1,0,y\n',
      survival,
      ['3 ConflictingOutcome', '4 ConflictingTreatment'],
    ],
    [
      'leaks and unknown splits',
      'patient,slide,label,split\n1,a,x,train\n1,b,x,test\n2,c,y,Train\n3,d,y,val\n',
      explicit,
      ['3 SplitLeak', '4 InvalidSplit', '5 InvalidSplit'],
    ],
    [
      'a class that is not learned',
      'patient,slide,label,split\n1,a,x,train\n2,b,x,train\n3,c,y,test\n4,d,y,test\n',
      explicit,
      ['- ClassNotInTraining'],
    ],
    [
      'no training',
      'patient,slide,label,split\n1,a,x,test\n2,b,x,test\n3,c,y,test\n4,d,y,test\n',
      explicit,
      ['- EmptySplit'],
    ],
  ])('reports %s', (_, text, spec, expected) => {
    expect(problems(text, spec)).toEqual(expected);
  });

  it('reports all bad rows of a table at once, and no class as missing because its rows are bad', () => {
    const text = 'patient,slide,label\np1,gone,x\np2,b,y\np3,c,\np4,b,y\np5\n';
    expect(problems(text)).toEqual(['2 MissingSlide', '4 EmptyField', '5 DuplicateSlide', '6 RaggedRow']);
  });

  it('lists the existing columns and suggests the one that was meant', () => {
    const { problems: found } = parseCohort('Patient,slide,label\n1,a,x\n', classification, oracle);
    expect(found?.[0]?.message).toBe(
      "there is no column 'patient' (did you mean 'Patient'?); the columns are 'Patient', 'slide', 'label'",
    );
  });
});
