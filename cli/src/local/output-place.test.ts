import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { requireOwnPlace } from './output-place.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'wsi-place-'));
  mkdirSync(join(home, 'cohort', 'slides'), { recursive: true });
  symlinkSync(join(home, 'cohort', 'slides'), join(home, 'link'));
});
afterAll(() => rmSync(home, { recursive: true }));

const place = (output: string, slides = 'cohort/slides') => {
  const cohort = { table: join(home, 'cohort', 'table.csv'), slides: join(home, slides) };
  requireOwnPlace(join(home, output), cohort as Parameters<typeof requireOwnPlace>[1]);
};

it.each(['cohort/slides', 'cohort/slides/run1', 'cohort/slides/a/b', 'link/run1'])(
  'an output within the slides is refused: %s',
  (output) => {
    expect(() => place(output)).toThrow(/is within the directory of the slides.*Choose a directory/s);
  },
);

it('an output that is the directory of the table is refused, with or without slides in it', () => {
  expect(() => place('cohort')).toThrow(/is the directory of the cohort's table .*Choose a directory/s);
  expect(() => place('cohort', 'cohort')).toThrow(/is the directory of the cohort's table/);
});

it.each(['run1', 'cohort/run1', 'cohort/slides-run', 'cohort/..run'])(
  'an output of its own is accepted: %s',
  (output) => {
    expect(() => place(output)).not.toThrow();
  },
);

it('an output beside slides that lie with their table is accepted', () => {
  expect(() => place('cohort/run1', 'cohort')).not.toThrow();
});
