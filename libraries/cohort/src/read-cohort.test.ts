import { copyFile, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CohortSpec } from './cohort.ts';
import { CohortError, examineCohort, readCohort } from './read-cohort.ts';

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
  it('reads UTF-8 and UTF-16, and slides outside of the directory', async () => {
    const text = 'patient,slide,label\np1,one.svs,x\np2,two.svs,y\np3,../slides/three.svs,x\np4,four.svs,y\n';
    await writeFile(join(directory, 'cohort.csv'), text);
    const cohort = await readCohort(spec, { baseDirectory: directory });
    expect(cohort.cases[2]?.slides).toEqual([join(directory, 'slides', 'three.svs')]);
    await writeFile(join(directory, 'cohort.csv'), Buffer.from(`\uFEFF${text}`, 'utf16le'));
    expect(await readCohort(spec, { baseDirectory: directory })).toEqual(cohort);
  });

  it('leaves empty files to the quarantine if unreadable slides are skipped', async () => {
    const rows = ['p1,one.svs,x', 'p2,two.svs,y', 'p3,empty.svs,x', 'p4,four.svs,y'];
    const text = ['patient,slide,label', ...rows].join('\n');
    expect((await failure(text)).message).toContain('is an empty file');
    const skipping = { ...spec, unreadableSlides: 'skip', split: { test: 0 } } as const;
    const { cases } = await readCohort(skipping, { baseDirectory: directory });
    expect(cases.flatMap(({ slides }) => slides)).toContain(join(directory, 'slides', 'empty.svs'));
  });

  it('suggests where a missing slide may be', async () => {
    const slides = join(directory, 'elsewhere');
    await mkdir(join(slides, 'uuid'), { recursive: true });
    await writeFile(join(slides, 'uuid', 'deep.svs'), 'x');
    await symlink('gone.svs', join(slides, 'dangling.svs'));
    const names = [
      'deep.svs',
      'dangling.svs',
      'D:\\x\\deep.svs',
      'https://x.example/a.svs',
      'a.svs;b.svs',
      'uuid.svs',
    ];
    const rows = names.map((name, index) => `p${index},${name},${'xy'[index % 2]}`);
    const { message } = await failure(['patient,slide,label', ...rows].join('\n'), { slides: 'elsewhere' });
    expect(message).toContain(
      `line 2: the slide 'deep.svs' does not exist in ${slides} (it may be 'uuid/deep.svs')`,
    );
    expect(message).toContain(
      "line 3: the slide 'dangling.svs' is a symbolic link to 'gone.svs', which is not there",
    );
    expect(message).toContain("(a path of Windows: here it may be 'uuid/deep.svs')");
    expect(message).toContain("line 5: the slide 'https://x.example/a.svs' is an address");
    expect(message).toContain("line 6: the slide 'a.svs;b.svs' does not exist: several names in one field?");
    expect(message).toContain(`line 7: the slide 'uuid.svs' does not exist in ${slides}\n`);
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

  it('refuses binary data, and names a missing table or directory', async () => {
    expect((await failure(Buffer.from('PK\u0003\u0004\0\0'))).message).toContain('an Excel workbook');
    expect((await failure(Buffer.from([0x70, 0xe9, 0x0a]))).message).toContain('not a text file');
    expect((await failure('', { slides: 'nowhere' })).message).toContain(
      'nowhere: there is no such directory',
    );
    expect((await failure('', { table: 'no.csv' })).message).toContain(
      "no.csv: there is no such cohort's table",
    );
  });

  it('finds links and copies of one slide under two names', async () => {
    const slides = join(directory, 'copies');
    await mkdir(slides);
    const content = Buffer.alloc(3_000_000, 'tissue of a patient ');
    await writeFile(join(slides, 'a.svs'), content);
    await copyFile(join(slides, 'a.svs'), join(slides, 'copy.svs'));
    await link(join(slides, 'a.svs'), join(slides, 'hard.svs'));
    // Of the same size, but another slide.
    content.fill('other tissue', 1_000_000, 1_100_000);
    await writeFile(join(slides, 'b.svs'), content);
    const rows = ['p1,a.svs,x', 'p2,b.svs,y', 'p3,copy.svs,x', 'p4,hard.svs,y', 'p5,../slides/one.svs,y'];
    const text = ['patient,slide,label', ...rows].join('\n');
    const error = await failure(text, { slides: 'copies' });
    const found = error instanceof CohortError ? error.problems : [];
    expect(found.map(({ line, code, message }) => [line, code, message])).toEqual([
      [4, 'DuplicateSlide', "the slide 'copy.svs' is a copy of the one on line 2"],
      [5, 'DuplicateSlide', "the slide 'hard.svs' is already on line 2"],
    ]);
    await writeFile(join(directory, 'cohort.csv'), text.replace('p4,hard.svs,y\n', ''));
    const allowing = { ...spec, slides: 'copies', duplicateSlides: 'allow' } as const;
    const { cohort, notes, lines } = await examineCohort(allowing, { baseDirectory: directory });
    expect(cohort?.cases).toHaveLength(4);
    expect(notes).toEqual([
      "slides that are there twice: line 4: the slide 'copy.svs' is a copy of the one on line 2",
      "1 file that ends like a slide of the table, but in no row that is used: 'hard.svs'",
    ]);
    expect(lines.get(join(slides, 'copy.svs'))).toBe(4);
  });

  it('reports a name that exists in other code points', async () => {
    await writeFile(join(directory, 'slides', 'Mu\u0308ller.svs'), 'x');
    const error = await failure('patient,slide,label\np1,M\u00fcller.svs,x\n');
    expect(error.message).toContain("its name there has other code points, 'Mu\\u{0308}ller.svs'");
  });
});
