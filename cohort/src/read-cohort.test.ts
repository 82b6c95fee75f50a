import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { CohortError, readCohort } from './read-cohort.ts';

let directory: string;
const spec: CohortSpec = {
  table: 'cohort.csv',
  slides: 'slides',
  outcome: { type: 'classification', column: 'label' },
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-cohort-'));
  await mkdir(join(directory, 'slides', 'folder.svs'), { recursive: true });
  for (const name of ['one.svs', 'two.svs', 'three.svs', 'four.svs']) {
    await writeFile(join(directory, 'slides', name), 'x');
  }
  await writeFile(join(directory, 'slides', 'empty.svs'), '');
  await symlink('one.svs', join(directory, 'slides', 'link.svs'));
});

afterAll(async () => rm(directory, { recursive: true }));

async function failure(text: string | Buffer, changed: Partial<CohortSpec> = {}): Promise<Error> {
  await writeFile(join(directory, 'cohort.csv'), text);
  return readCohort({ ...spec, ...changed }, { baseDirectory: directory }).then(
    () => Promise.reject(new Error('no error')),
    (error: unknown) => error as Error,
  );
}

describe('readCohort', () => {
  it('reads UTF-8 and UTF-16, and a slide outside of the directory', async () => {
    const text = 'patient,slide,label\np1,one.svs,x\np2,two.svs,y\np3,../slides/three.svs,x\np4,four.svs,y\n';
    await writeFile(join(directory, 'cohort.csv'), text);
    const cohort = await readCohort(spec, { baseDirectory: directory });
    expect(cohort.cases[2]?.slides).toEqual([join(directory, 'slides', 'three.svs')]);
    await writeFile(join(directory, 'cohort.csv'), Buffer.from(`\uFEFF${text}`, 'utf16le'));
    expect(await readCohort(spec, { baseDirectory: directory })).toEqual(cohort);
  });

  it('leaves empty files to the quarantine when slides that cannot be read are skipped', async () => {
    const rows = ['p1,one.svs,x', 'p2,two.svs,y', 'p3,empty.svs,x', 'p4,four.svs,y'];
    const text = ['patient,slide,label', ...rows].join('\n');
    expect((await failure(text)).message).toContain('is an empty file');
    const skipping = { ...spec, unreadableSlides: 'skip', split: { test: 0 } } as const;
    const { cases } = await readCohort(skipping, { baseDirectory: directory });
    expect(cases.flatMap(({ slides }) => slides)).toContain(join(directory, 'slides', 'empty.svs'));
  });

  it('names the line, the reason and the slide that was probably meant', async () => {
    const rows = [
      'p1,One.svs,x',
      'p2,two.tiff,y',
      'p3,folder.svs,x',
      'p4,empty.svs,y',
      'p5,one.svs,x',
      'p6,link.svs,x',
    ];
    const error = await failure(
      ['patient,slide,label', ...rows, 'p7,thre.svs,y', 'p8,nothing.svs,y'].join('\n'),
    );
    expect(error).toBeInstanceOf(CohortError);
    expect(error.message).toContain("line 2: the slide 'One.svs' does not exist in ");
    expect(error.message).toContain("(did you mean 'one.svs'?)");
    expect(error.message).toContain("(did you mean 'two.svs'?)");
    expect(error.message).toContain("line 4: the slide 'folder.svs' is a directory");
    expect(error.message).toContain("line 5: the slide 'empty.svs' is an empty file");
    expect(error.message).toContain("line 7: the slide 'link.svs' is already on line 6");
    expect(error.message).toContain("(did you mean 'three.svs'?)");
    expect(error.message).toContain('7 problems');
    expect(error).toMatchObject({ code: 'InvalidCohort' });
  });

  it('refuses what is not text, and names a table or directory that is missing', async () => {
    expect((await failure(Buffer.from('PK\u0003\u0004\0\0'))).message).toContain('not a text file');
    expect((await failure(Buffer.from([0x70, 0xe9, 0x0a]))).message).toContain('not a text file');
    expect((await failure('', { slides: 'nowhere' })).message).toContain(
      'nowhere: there is no such directory',
    );
    expect((await failure('', { table: 'no.csv' })).message).toContain(
      "no.csv: there is no such cohort's table",
    );
  });
});
