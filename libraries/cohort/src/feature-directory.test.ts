/** Which file of features belongs to a slide of the table. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { featureDirectory } from './feature-directory.ts';
import { examineCohort } from './read-cohort.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-feature-directory-'));
  const files = [
    'a.h5',
    'TCGA-01.9f2.h5',
    'b.svs.h5',
    'c.h5',
    'c.tiff.h5',
    'd.01.h5',
    'd.h5',
    'e.h5',
    'empty.h5',
  ];
  for (const file of files) writeFileSync(join(directory, file), file === 'empty.h5' ? '' : file);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the file of features of a slide', () => {
  it.each([
    ['a', 'a.h5'],
    ['a.svs', 'a.h5'],
    ['a.h5', 'a.h5'],
    ['TCGA-01.9f2.svs', 'TCGA-01.9f2.h5'],
    ['b.svs', 'b.svs.h5'],
    // What follows the point is no ending of a slide, so that d.h5 is another slide's.
    ['d.01', 'd.01.h5'],
    ['e.ome.TIF', 'e.h5'],
  ])('of %s is %s', (name, file) => {
    expect(featureDirectory(directory)(name)).toMatchObject({ found: true, path: join(directory, file) });
  });

  it.each([
    ['gone.svs', /'gone\.svs' has no file of features \('gone\.h5' or 'gone\.svs\.h5'\)/],
    ['A.svs', /no file of features/],
    ['c.tiff', /several files of features: 'c\.h5'.*'c\.tiff\.h5'; keep one/],
    ['empty.svs', /is an empty file/],
    ['gone.h5', /'gone\.h5'/],
  ])('of %s is missed with its reason', (name, reason) => {
    expect(featureDirectory(directory)(name)).toMatchObject({
      found: false,
      reason: expect.stringMatching(reason),
    });
  });

  it('is looked for by the table, whose bad rows are named with what to do', async () => {
    writeFileSync(join(directory, 'cohort.csv'), 'patient,slide,label\np1,a.svs,x\np2,gone.svs,y\np3,a,x\n');
    const { problems } = await examineCohort(
      { table: 'cohort.csv', features: '.', outcome: { type: 'classification', column: 'label' } },
      { baseDirectory: directory },
    );
    expect(problems).toMatchObject([
      { line: 3, code: 'MissingSlide', remedy: expect.stringContaining('NAME.h5 in `cohort.features`') },
      { line: 4, code: 'DuplicateSlide' },
    ]);
  });
});
