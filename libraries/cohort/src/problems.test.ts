import { describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { foldProblems, remediesOf } from './problems.ts';
import { examineTable } from './table.ts';

const spec: CohortSpec = {
  table: 't.csv',
  split: { test: 0 },
  outcome: { type: 'survival', time: 'OS_MONTHS', event: 'OS_STATUS' },
};
const oracle = (name: string): { found: true; path: string; identity: string } => ({
  found: true,
  path: `/slides/${name}`,
  identity: name,
});
const table = (rows: readonly (readonly [string, string])[]): string =>
  [
    'patient,slide,OS_MONTHS,OS_STATUS',
    ...rows.map(([time, event], index) => `p${index},s${index},"${time}",${event}`),
  ]
    .concat('')
    .join('\n');

describe('problems of many rows', () => {
  it('are reported once if they are equal, with a remedy', () => {
    const words = ['dead', 'alive', 'dead', 'alive', 'dead', 'dead', 'dead', 'dead', 'dead', 'lost'];
    const { problems } = examineTable(table(words.map((word) => ['3', word])), spec, oracle);
    expect(problems).toHaveLength(10);
    expect(foldProblems(problems)).toEqual([
      "7 rows (lines 2, 4, 6, 7, 8 and 2 more): the event 'dead' is neither 1 (it happened) nor 0 (censored)",
      "2 rows (lines 3 and 5): the event 'alive' is neither 1 (it happened) nor 0 (censored)",
      "line 11: the event 'lost' is neither 1 (it happened) nor 0 (censored)",
    ]);
    expect(remediesOf(problems)).toEqual([
      'Write 1 and 0, or say which words are events: `cohort.outcome.observed: ["dead"]` and ' +
        '`cohort.outcome.censored: ["alive"]`, with ["lost"] under what they mean.',
    ]);
  });

  it('explain times that are not numbers, and name only the missing setting', () => {
    const { problems } = examineTable(
      table([
        ['12+', '1'],
        ['>60', '1'],
        ['1 100', '1'],
        ['１２', '1'],
      ]),
      spec,
      oracle,
    );
    expect(problems.map(({ message }) => /\((.*)\)/.exec(message)?.[1])).toEqual([
      expect.stringContaining('R marks a censored time so'),
      expect.stringContaining('a patient who was followed for at least so long is censored then'),
      'write it without what parts the thousands',
      'its digits are of another form: write 12',
    ]);
    const outcome = { ...spec.outcome, observed: ['dead'] } as CohortSpec['outcome'];
    const words = examineTable(
      table([
        ['1', 'dead'],
        ['2', 'alive'],
      ]),
      { ...spec, outcome },
      oracle,
    );
    expect(remediesOf(words.problems)).toEqual([
      'Write 1 and 0, or say what the words mean: `cohort.outcome.censored: ["alive"]`.',
    ]);
  });

  it('are counted beyond the first ten if they differ', () => {
    const { problems } = examineTable(
      table(Array.from({ length: 40 }, (_, of) => [`-${of + 1}`, '1'])),
      spec,
      oracle,
    );
    const folded = foldProblems(problems);
    expect(folded).toHaveLength(11);
    expect(folded[10]).toBe('and 30 more of this kind on lines 12, 13, 14, 15, 16 and 25 more');
  });
});

describe('the words for events', () => {
  it('are read in any letter case if the job gives their meaning', () => {
    const outcome = {
      ...spec.outcome,
      observed: ['1:DECEASED'],
      censored: ['0:LIVING'],
    } as CohortSpec['outcome'];
    const text = table([
      ['1', '1:DECEASED'],
      ['2', '0:living'],
      ['3', '1'],
      ['4', '0.0'],
    ]);
    const { cohort } = examineTable(text, { ...spec, outcome }, oracle);
    expect(cohort?.cases.map((of) => of.outcome.type === 'survival' && of.outcome.event)).toEqual([
      1, 0, 1, 0,
    ]);
  });

  it('may be inverted, as where 1 means censored', () => {
    const outcome = { ...spec.outcome, observed: ['0'], censored: ['1'] } as CohortSpec['outcome'];
    const { cohort } = examineTable(
      table([
        ['1', '1'],
        ['2', '0.0'],
        ['3', '0'],
      ]),
      { ...spec, outcome },
      oracle,
    );
    expect(cohort?.cases.map((of) => of.outcome.type === 'survival' && of.outcome.event)).toEqual([0, 1, 1]);
  });

  it.each<[{ observed?: string[]; censored?: string[] }, string]>([
    [{ observed: ['0'] }, '1'],
    [{ observed: ['2'] }, '1'],
    [{ censored: ['1'] }, '0'],
  ])('given as %j leave no other number to the default', (said, other) => {
    const text = table([
      ['1', (said.observed ?? said.censored)![0]!],
      ['2', other],
    ]);
    const outcome = { ...spec.outcome, ...said } as CohortSpec['outcome'];
    const { problems } = examineTable(text, { ...spec, outcome }, oracle);
    expect(problems).toMatchObject([{ line: 3, code: 'InvalidEvent' }]);
    expect(problems[0]?.message).toContain(`the event '${other}' has no meaning`);
  });

  it.each(['os_censorship', 'Censored', 'alive'])('must be given in a column named %s', (event) => {
    const text = table([
      ['1', '1'],
      ['2', '0'],
    ]).replace('OS_STATUS', event);
    const outcome = { ...spec.outcome, event } as CohortSpec['outcome'];
    expect(examineTable(text, { ...spec, outcome }, oracle).problems).toMatchObject([
      { code: 'InvalidEvent', column: event },
    ]);
    const said = { ...outcome, observed: ['0'], censored: ['1'] } as CohortSpec['outcome'];
    expect(examineTable(text, { ...spec, outcome: said }, oracle).problems).toEqual([]);
  });

  it.each([
    ['1:DECEASED', '0:LIVING'],
    ['Dead', 'Alive'],
    ['deceased', 'living'],
    ['yes', 'no'],
    ['TRUE', 'FALSE'],
  ])('%s and %s are refused with a suggestion of the settings', (observed, censored) => {
    const { problems } = examineTable(
      table([
        ['1', observed],
        ['2', censored],
      ]),
      spec,
      oracle,
    );
    expect(remediesOf(problems)[0]).toContain(
      `\`cohort.outcome.observed: ["${observed}"]\` and \`cohort.outcome.censored: ["${censored}"]\``,
    );
  });
});

describe('survival times', () => {
  it.each([
    ['2021-03-01', 'is a date, not a duration'],
    ['1.3.2021', 'is a date, not a duration'],
    ['01/03/21', 'is a date, not a duration'],
    ['12,5', 'write the decimal separator as a point'],
    ['1,234', 'it may mean thousands or a decimal'],
    ['12 months', 'write the number alone, without its unit'],
    ['0', 'who was never followed says nothing about survival'],
    ['-3', 'is not greater than 0'],
  ])('are refused as %s', (time, message) => {
    const { problems } = examineTable(
      table([
        [time, '1'],
        ['2', '0'],
      ]),
      spec,
      oracle,
    );
    expect(problems.map(({ line, code }) => [line, code])).toEqual([[2, 'InvalidTime']]);
    expect(problems[0]?.message).toContain(message);
  });

  it('may have decimal commas, with a note, if the separator is another one', () => {
    const text = (times: readonly string[], separator = ';'): string =>
      [
        'patient;slide;OS_MONTHS;OS_STATUS',
        ...times.map((time, index) => `p${index};s${index};${time};${index % 2}`),
      ]
        .join('\n')
        .replaceAll(';', separator);
    for (const separator of [';', '\t']) {
      const { cohort, notes } = examineTable(text(['12,5', '7', '1,234', '3,25'], separator), spec, oracle);
      expect(cohort?.cases.map(({ outcome }) => 'time' in outcome && outcome.time)).toEqual([
        12.5, 7, 1.234, 3.25,
      ]);
      expect(notes).toContain("the commas in 'OS_MONTHS' are read as decimal ones: '12,5' as 12.5");
    }
    const refused: readonly (readonly [readonly string[], string])[] = [
      [['1,234', '2,500', '3'], 'it may mean thousands or a decimal'],
      [['12,5', '7.5', '3,1'], 'write the decimal separator as a point'],
      [['12,5', '1,234,567', '3,1'], 'is not a finite number'],
    ];
    for (const [times, message] of refused) {
      const { problems } = examineTable(text(times), spec, oracle);
      expect(problems[0]?.message).toContain(message);
    }
    // One line for all rows.
    const { problems } = examineTable(text(['12,5', '7.5', '3,1', '4,2']), spec, oracle);
    expect(foldProblems(problems)[0]).toMatch(
      /^3 rows \(lines 2, 4 and 5\): a time with a comma, such as '12,5'/,
    );
  });

  it('that do not fit the unit in the name of their column are noted', () => {
    const { notes } = examineTable(
      table([
        ['1200', '1'],
        ['900', '0'],
      ]),
      spec,
      oracle,
    );
    expect(notes[0]).toBe("the longest time in 'OS_MONTHS' is 1200: are these months?");
    const dates = examineTable(
      table([
        ['43891', '1'],
        ['44012', '0'],
      ]),
      spec,
      oracle,
    );
    expect(dates.notes[1]).toBe("all times in 'OS_MONTHS' are like 43891: are these dates, not durations?");
  });

  it('are summarised', () => {
    const { summary } = examineTable(
      table([
        ['1', '1'],
        ['2', '0'],
        ['6', '1'],
        ['4', '0'],
      ]),
      spec,
      oracle,
    );
    expect(summary).toEqual({
      patients: 4,
      slides: 4,
      bags: 4,
      splits: {
        train: { patients: 4, slides: 4, bags: 4 },
        validation: { patients: 0, slides: 0, bags: 0 },
        test: { patients: 0, slides: 0, bags: 0 },
      },
      classes: [],
      survival: { events: 2, followUp: { minimum: 1, median: 3, maximum: 6 } },
      treatments: [],
      patientsWithoutTreatment: 0,
    });
  });
});
