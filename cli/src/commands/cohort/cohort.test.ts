import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const main = fileURLToPath(new URL('../../main.ts', import.meta.url));
const TABLE = [
  'case;file;Geburtsdatum;label',
  'Hans_Meier;Hans_Meier_1.svs;02.04.1931;tumour',
  'Hans_Meier;Hans_Meier_2.svs;02.04.1931;tumour',
  'Eva_Klein;Eva_Klein.svs;1940-01-01;normal',
];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-cohort-'));
  for (const name of ['share', 'safe']) await mkdir(join(directory, name));
  await symlink(join(directory, 'share'), join(directory, 'link'));
  await writeFile(join(directory, 'cohort.csv'), `${TABLE.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function wsi(...words: string[]): { status: number | null; text: string; out: string } {
  const columns = ['--patient-column', 'case', '--slide-column', 'file'];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', main, 'cohort', ...words, ...columns],
    { encoding: 'utf8', cwd: directory },
  );
  return { status, text: stdout + stderr, out: stdout };
}

const pseudonymise = (...words: string[]): ReturnType<typeof wsi> =>
  wsi('pseudonymise', 'cohort.csv', '--key', 'safe/key', ...words);

describe('wsi cohort check', () => {
  it('names columns and lines, and repeats no value', () => {
    const { status, text } = wsi('check', 'cohort.csv');
    expect(status).toBe(0);
    expect(text).toContain("column 'case' holds what looks like a name (lines 2, 3, 4)");
    expect(text).toContain("column 'file' holds what looks like a name (lines 2, 3, 4)");
    expect(text).toContain("column 'Geburtsdatum' is called as if it held a date of birth (lines 2, 3, 4)");
    expect(text).not.toMatch(/Hans|Eva|1931/);
  });

  it('prints JSON for programs', () => {
    const report = JSON.parse(wsi('check', 'cohort.csv', '--json').out) as {
      identifiers: { column: string }[];
    };
    expect(report.identifiers.map(({ column }) => column)).toEqual(['case', 'file', 'Geburtsdatum']);
  });

  it('refuses a table without the required columns', async () => {
    await writeFile(join(directory, 'other.csv'), 'a,b\n1,2\n');
    const { status, text } = wsi('check', 'other.csv');
    expect(status).toBe(64);
    expect(text).toMatch(/no column 'case'.*--patient-column/s);
  });
});

describe('wsi cohort pseudonymise', () => {
  it('writes a table without names, and a mapping that only its owner can read', async () => {
    const { status, text } = pseudonymise('-o', 'share/a.csv', '--mapping', 'safe/a.csv', '--slides');
    expect({ status, text }).toMatchObject({ status: 0 });
    const table = await readFile(join(directory, 'share/a.csv'), 'utf8');
    // A pseudonym may hold any two digits; a date of birth has four and a mark between.
    expect(table).not.toMatch(/Hans|Eva|19\d\d-|\.19\d\d/);
    expect(table.split('\n')[0]).toBe('case,file,label');
    const mapping = await readFile(join(directory, 'safe/a.csv'), 'utf8');
    expect(mapping).toMatch(/^patient,Hans_Meier,p-[0-9a-z]{16}$/m);
    expect(mapping).toMatch(/^slide,Eva_Klein\.svs,s-[0-9a-z]{16}\.svs$/m);
    for (const name of ['safe/a.csv', 'safe/key']) {
      expect(((await stat(join(directory, name))).mode & 0o777).toString(8)).toBe('600');
    }
  });

  it('gives the same pseudonyms with the same key, and warns of remaining identifiers', async () => {
    const { status, text } = pseudonymise('-o', 'share/b.csv', '--mapping', 'safe/b.csv');
    expect(status).toBe(0);
    expect(text).toContain("column 'file' holds what looks like a name");
    const patients = async (name: string): Promise<(string | undefined)[]> =>
      (await readFile(join(directory, name), 'utf8')).split('\n').map((line) => line.split(',')[0]);
    expect(await patients('share/b.csv')).toEqual(await patients('share/a.csv'));
  });

  it.each([
    [
      'a mapping beside the table',
      ['-o', 'share/c.csv', '--mapping', 'share/m.csv'],
      /mapping would lie beside/,
    ],
    ['a file that is there', ['-o', 'share/a.csv', '--mapping', 'safe/d.csv'], /there already/],
    [
      'a column that does not exist',
      ['-o', 'share/e.csv', '--mapping', 'safe/e.csv', '--keep', 'age'],
      /no column 'age'/,
    ],
    [
      'a mapping beside the table by a link',
      ['-o', 'share/c.csv', '--mapping', 'link/m.csv'],
      /mapping would lie beside/,
    ],
    [
      'a directory that does not exist',
      ['-o', 'nowhere/c.csv', '--mapping', 'safe/m.csv'],
      /nowhere: the directory is not there/,
    ],
  ])('refuses %s', async (_name, words, message) => {
    const before = await readdir(join(directory, 'safe'));
    const { status, text } = pseudonymise(...words);
    expect(status).not.toBe(0);
    expect(text).toMatch(message);
    expect(await readdir(join(directory, 'safe'))).toEqual(before);
  });

  it('leaves neither a key nor a mapping of a table that cannot be written', async () => {
    await writeFile(join(directory, 'share/there.csv'), '');
    const words = ['--key', 'safe/new-key', '--mapping', 'safe/new.csv', '-o', 'share/there.csv'];
    expect(wsi('pseudonymise', 'cohort.csv', ...words).text).toMatch(/there already/);
    expect(await readdir(join(directory, 'safe'))).not.toEqual(
      expect.arrayContaining([expect.stringContaining('new')]),
    );
  });

  it('refuses a key that others may read, and a file that is not a key', async () => {
    await writeFile(join(directory, 'safe/open'), `${'ab'.repeat(32)}\n`, { mode: 0o644 });
    await writeFile(join(directory, 'safe/weak'), 'secret\n', { mode: 0o600 });
    const words = ['-o', 'share/f.csv', '--mapping', 'safe/f.csv'];
    expect(wsi('pseudonymise', 'cohort.csv', '--key', 'safe/open', ...words).text).toMatch(
      /others than its owner/,
    );
    expect(wsi('pseudonymise', 'cohort.csv', '--key', 'safe/weak', ...words).text).toMatch(
      /no key of at least 32 bytes/,
    );
  });
});
