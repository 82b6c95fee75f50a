import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import type { SlideOracle } from './table-fields.ts';
import { parseCohort } from './table.ts';

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

  it('makes one case a slide with bag: slide, all of a patient on one side of the split', () => {
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
    ['semicolons', good.replaceAll(',', ';'), classification, ['1 WrongDelimiter']],
    ['tabs', good.replaceAll(',', '\t'), classification, ['1 WrongDelimiter']],
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
        '4 InvalidTime',
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

  it('reports all the bad rows of a table at once, and no class as missing because its rows are bad', () => {
    const text = 'patient,slide,label\np1,gone,x\np2,b,y\np3,c,\np4,b,y\np5\n';
    expect(problems(text)).toEqual(['2 MissingSlide', '4 EmptyField', '5 DuplicateSlide', '6 RaggedRow']);
  });

  it('tells the columns that exist and the one that was meant', () => {
    const { problems: found } = parseCohort('Patient,slide,label\n1,a,x\n', classification, oracle);
    expect(found?.[0]?.message).toBe(
      "there is no column 'patient' (did you mean 'Patient'?); the columns are 'Patient', 'slide', 'label'",
    );
  });
});
