/** A cohort whose table and slides are in S3: the same cohort as on disk, and the same words where it is wrong. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answerError, storeCredentials, storePython, TestStore } from '@wsi-operator/slides/testing';
import type { Cohort, CohortSpec } from './cohort.ts';
import { readCohort } from './read-cohort.ts';

const whenSetUp = storePython === null ? describe.skip : describe;

whenSetUp('a cohort in S3 (skipped without `node tools/setup/setup.mjs --python-reference`)', () => {
  let server: TestStore;
  let directory: string;
  const names = ['one.svs', 'two.svs', 'three.svs', 'four.svs'];
  const table = `patient,slide,label\n${names.map((name, index) => `p${index},${name},${'xy'[index % 2]}`).join('\n')}\n`;

  beforeAll(async () => {
    Object.assign(process.env, storeCredentials);
    directory = await mkdtemp(join(tmpdir(), 'wsi-cohort-s3-'));
    server = await TestStore.start();
    await server.createBucket('cohorts');
    await mkdir(join(directory, 'slides'));
    await writeFile(join(directory, 'cohort.csv'), table);
    await server.put('cohorts', 'lung/cohort.csv', table);
    for (const name of names) {
      await server.put('cohorts', `lung/slides/${name}`, 'x');
      await writeFile(join(directory, 'slides', name), 'x');
    }
    await server.put('cohorts', 'lung/slides/empty.svs', '');
    await server.put('cohorts', 'lung/slides/folder.svs/part.dat', 'x');
    await server.put('cohorts', 'other/five.svs', 'x');
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  function read(spec: Partial<CohortSpec>): Promise<Cohort> {
    return readCohort(
      {
        table: 's3://cohorts/lung/cohort.csv',
        slides: 's3://cohorts/lung/slides',
        outcome: { type: 'classification', column: 'label' },
        s3: { endpoint: server.endpoint, forcePathStyle: true },
        ...spec,
      },
      { baseDirectory: directory },
    );
  }

  it('equals the one on disk, with addresses for paths, wherever the table is', async () => {
    const local = await read({ table: 'cohort.csv', slides: 'slides' });
    const stored = await read({});
    const renamed = local.cases.map((of) => ({
      ...of,
      slides: of.slides.map((path) => path.replace(`${directory}/`, 's3://cohorts/lung/')),
    }));
    expect(stored).toEqual({ ...local, cases: renamed });
    expect(await read({ table: 'cohort.csv', slides: 's3://cohorts/lung/slides/' })).toEqual(stored);
    expect(await read({ slides: 'slides' })).toEqual(local);
  });

  it('may have slides elsewhere, or its table beside the slides', async () => {
    const rows =
      'patient,slide,label\na,slides/one.svs,x\nb,../other/five.svs,y\nc,s3://cohorts/lung/slides/two.svs,x\nd,slides/four.svs,y\n';
    await server.put('cohorts', 'lung/beside.csv', rows);
    const { cases } = await read({ table: 's3://cohorts/lung/beside.csv', slides: undefined });
    expect(cases.flatMap(({ slides }) => slides)).toEqual([
      's3://cohorts/lung/slides/one.svs',
      's3://cohorts/other/five.svs',
      's3://cohorts/lung/slides/two.svs',
      's3://cohorts/lung/slides/four.svs',
    ]);
  });

  it('has one slide under two keys if their content is equal', async () => {
    const content = 'tissue '.repeat(1000);
    await server.put('cohorts', 'copies/a.svs', content);
    await server.put('cohorts', 'copies/b.svs', content);
    await server.put('cohorts', 'copies.csv', 'patient,slide,label\np1,a.svs,x\np2,b.svs,y\n');
    const copies = { table: 's3://cohorts/copies.csv', slides: 's3://cohorts/copies' };
    await expect(read(copies)).rejects.toThrow("line 3: the slide 'b.svs' is a copy of the one on line 2");
  });

  it('is listed in pages', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `many/${String(index).padStart(3, '0')}.svs`);
    for (const key of many) await server.put('cohorts', key, 'x');
    const rows = many.map((key, index) => `p${index},${key.slice(5)},${'xy'[index % 2]}`);
    await server.put('cohorts', 'many.csv', ['patient,slide,label', ...rows].join('\n'));
    // moto gives 1000 a page: ask for 7.
    server.rewrite = (url) => (url.includes('list-type=2') ? `${url}&max-keys=7` : url);
    server.resetCounts();
    const { cases } = await read({ table: 's3://cohorts/many.csv', slides: 's3://cohorts/many' });
    server.rewrite = (url) => url;
    expect(cases).toHaveLength(30);
    expect(server.requests.filter(({ url }) => url.includes('list-type=2'))).toHaveLength(5);
  });

  it('reports a missing slide with the line, the reason and the slide that was probably meant', async () => {
    const rows = [
      'a,One.svs,x',
      'b,two.tiff,y',
      'c,folder.svs,x',
      'd,empty.svs,y',
      'e,one.svs,x',
      'f,./one.svs,x',
      'g,../../elsewhere/x.svs,y',
    ];
    await server.put('cohorts', 'lung/wrong.csv', ['patient,slide,label', ...rows].join('\n'));
    const error = await read({ table: 's3://cohorts/lung/wrong.csv' }).catch(
      (thrown: unknown) => thrown as Error,
    );
    const { message } = error as Error;
    expect(message).toContain('s3://cohorts/lung/wrong.csv: the cohort');
    expect(message).toContain(
      "line 2: the slide 'One.svs' does not exist in s3://cohorts/lung/slides/ (did you mean 'one.svs'?)",
    );
    expect(message).toContain("(did you mean 'two.svs'?)");
    expect(message).toContain("line 4: the slide 'folder.svs' is a directory");
    expect(message).toContain("line 5: the slide 'empty.svs' is an empty object");
    expect(message).toContain("line 7: the slide './one.svs' is already on line 6");
    expect(message).toContain('s3://cohorts/elsewhere/x.svs: there is no such slide in the bucket');
    expect(message).toContain('6 problems');
  });

  it.each<[string, Partial<CohortSpec>, string]>([
    [
      'a table',
      { table: 's3://cohorts/no.csv' },
      's3://cohorts/no.csv: there is no such table in the bucket',
    ],
    ['a bucket', { slides: 's3://nowhere/slides' }, 's3://nowhere/slides/: there is no such bucket'],
    ['slides', { slides: 's3://cohorts/Lung' }, 's3://cohorts/Lung/: there are no slides below this prefix'],
  ])('names a missing %s', async (_name, spec, message) => {
    await expect(read(spec)).rejects.toThrow(message);
  });

  it('reports a listing that is forbidden', async () => {
    server.fault = ({ url = '' }, answer) =>
      url.includes('list-type=2') ? answerError(answer, 403, 'AccessDenied') : undefined;
    await expect(read({})).rejects.toThrow(
      'may not read it (AccessDenied). Grant s3:ListBucket on the bucket',
    );
    server.fault = undefined;
  });
});
