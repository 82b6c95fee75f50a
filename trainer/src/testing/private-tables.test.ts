/**
 * What leaves a run's output volume when its table cannot be used: the kind of the fault and the number of the line, and no
 * patient, slide, outcome or path. On a machine of the user's own the message has the names.
 */
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exitCodes, FAILURE_FILE } from '../exit.ts';
import { privateWordsIn, type PrivateCohort } from './private-cohort.ts';
import { expectFailure, PrivateRuns } from './private-runs.ts';

let runs: PrivateRuns;
beforeAll(async () => {
  runs = await PrivateRuns.prepare();
});
afterAll(() => runs.remove());

/** The rows of the table, as a test changes them. */
function rewritten({ table, lines }: PrivateCohort, change: (lines: string[]) => string[]): Promise<void> {
  return writeFile(table, `${change([...lines]).join('\n')}\n`);
}

const row = (lines: string[], index: number, change: (cells: string[]) => string[]): string[] =>
  lines.with(index, change(lines[index]!.split(',')).join(','));

describe('the error of an unusable table', () => {
  const faults: [string, RegExp, (of: PrivateCohort) => Promise<void>, string[]?][] = [
    [
      'a missing slide with a likely name',
      /line 3: the slide is missing/,
      (of) =>
        rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(1, cells[1]!.replace('1931', '1930')))),
    ],
    [
      'an empty identifier',
      /line 4: a field is empty/,
      (of) => rewritten(of, (lines) => row(lines, 3, (cells) => cells.with(0, ''))),
    ],
    [
      'a row with too many cells',
      /line 5: the row has more or fewer cells/,
      (of) => rewritten(of, (lines) => lines.with(4, `${lines[4]},Quibblexia`)),
    ],
    [
      'a slide of two rows',
      /the slide is that of another row/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(1, lines[1]!.split(',')[1]!))),
    ],
    [
      'a word that is no split',
      /line 2: the split is none/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(3, 'Quibblexia'))),
    ],
    [
      'a column under another name',
      /a column is missing/,
      (of) => rewritten(of, (lines) => lines.with(0, lines[0]!.replace('kruxgrade', 'kruxgrad'))),
    ],
    [
      'a column that is there twice',
      /a column is there twice/,
      (of) => rewritten(of, (lines) => lines.with(0, lines[0]!.replace('splorkside', 'kruxgrade'))),
    ],
    [
      'a class in two spellings',
      /a class is there in two spellings/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(2, 'blorptumour '))),
    ],
    [
      'a patient in two spellings',
      /a patient is there in two spellings/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(0, 'quibblexia_0'))),
    ],
    [
      'a patient on two sides',
      /a patient is on two sides of the split/,
      (of) => rewritten(of, (lines) => row(lines, 8, (cells) => cells.with(0, 'Quibblexia-0'))),
    ],
    [
      'a patient with two outcomes',
      /a patient has two outcomes/,
      (of) => rewritten(of, (lines) => row(lines, 2, (cells) => cells.with(0, 'Quibblexia-0'))),
      ['cohort.bag=patient'],
    ],
    [
      'an unknown positive class',
      /no row has the class that the job calls positive/,
      () => Promise.resolve(),
      ['cohort.outcome={type: classification, column: kruxgrade, positive: Blorptumor}'],
    ],
    [
      'a class with one patient',
      /line 2: a class has one patient/,
      (of) => rewritten(of, (lines) => row(lines, 1, (cells) => cells.with(2, 'Snargleton'))),
    ],
    [
      'times that are none',
      /the time cannot be used/,
      (of) =>
        rewritten(of, (lines) =>
          lines.map((_line, index) =>
            index === 0
              ? 'wumpuscode,grottafile,kruxgrade,splorkside'
              : row(lines, index, (cells) => [cells[0]!, cells[1]!, '-7413.25', '1'])[index]!,
          ),
        ),
      [
        'cohort.outcome={type: survival, time: kruxgrade, event: splorkside}',
        'cohort.split={test: 0.25}',
        'model.head={name: cox}',
      ],
    ],
    [
      'events that are none',
      /the event cannot be used/,
      (of) =>
        rewritten(of, (lines) =>
          lines.map((line, index) =>
            index === 0
              ? line
              : row(lines, index, (cells) => [cells[0]!, cells[1]!, '7413.25', 'Drogulab'])[index]!,
          ),
        ),
      [
        'cohort.outcome={type: survival, time: kruxgrade, event: splorkside}',
        'cohort.split={test: 0.25}',
        'model.head={name: cox}',
      ],
    ],
    [
      'more than a hundred problems',
      /lines 2, 3, 4, 5, 6 and \d+ more: the slide is missing/,
      (of) =>
        rewritten(of, (lines) => [
          lines[0]!,
          ...Array.from(
            { length: 150 },
            (_, index) => `Quibblexia-${index},Snargleton-${index}.svs,Blorptumour,train`,
          ),
        ]),
    ],
    ['one that is not there', /NotFound: there is no such cohort's table/, ({ table }) => rm(table)],
    [
      'one that is a workbook',
      /InvalidCohort/,
      ({ table }) => writeFile(table, Buffer.from('504b0304140006000800Quibblexia', 'hex')),
    ],
    ['one of no rows', /InvalidCohort/, (of) => rewritten(of, (lines) => lines.slice(0, 1))],
    [
      'a folder of slides that is not there',
      /NotFound: there is no such directory of slides/,
      ({ folder }) => rename(folder, `${folder}-Zarquonic`),
    ],
  ];

  // (A row of three would have jest wait for a callback in the place of the fourth.)
  it.each(faults.map(([name, ...of]) => [name, of] as const))(
    'contains no private text: %s',
    async (_name, [message, spoil, set]) => {
      const spoiled = await runs.cohort(set);
      await spoil(spoiled);
      const heard = await runs.heardOf(spoiled.job, { workers: 0 });
      expect(heard.code).toBe(exitCodes.input);
      await expectFailure(heard, message);
    },
  );

  it("contains the names in the user's own run", async () => {
    const [[, , spoil]] = faults as [(typeof faults)[number]];
    const spoiled = await runs.cohort();
    await spoil(spoiled);
    const local = await runs.heardOf(spoiled.job, { workers: 0, details: 'shown' });
    expect(privateWordsIn(local.message)).toEqual(expect.arrayContaining(['Vogsphered', 'Snargleton']));
    expect(await readdir(local.output)).not.toContain(FAILURE_FILE);
  });
});
