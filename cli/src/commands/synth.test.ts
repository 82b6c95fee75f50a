import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import { readCohort } from '@wsi-operator/cohort';

const MAIN = join(import.meta.dirname, '../main.ts');
const run = promisify(execFile);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-synth-cli-'));
});

afterAll(async () => rm(directory, { recursive: true }));

function argumentsFor(task: string, output: string): string[] {
  return [
    MAIN,
    'synth',
    '--output',
    output,
    '--task',
    task,
    '--slides',
    '16',
    '--width',
    '320',
    '--height',
    '320',
  ];
}

describe('wsi synth', () => {
  it.each(['needle', 'cooccurrence', 'survival'])(
    'makes a %s cohort with a valid job that reads it',
    async (task) => {
      const output = join(directory, task);
      const { stdout } = await run(process.execPath, [
        ...argumentsFor(task, output),
        '--json',
        '--patch',
        '32',
      ]);
      expect(JSON.parse(stdout)).toMatchObject({ written: 16, kept: 0, job: join(output, 'job.yaml') });
      const job = jobFromText(await readFile(join(output, 'job.yaml'), 'utf8'), 'job.yaml');
      expect(job.spec.patches.size).toBe(32);
      const cohort = await readCohort(job.spec.cohort, { baseDirectory: output });
      expect(cohort.cases.length).toBe(16);
      expect(cohort.cases.filter(({ split }) => split === 'test').length).toBe(4);
    },
  );

  it.each([
    [['--slides', '0'], /slides must be a whole number/],
    [['--slides', 'ten'], /must be a number/],
    [['--task', 'haystack'], /Allowed choices are needle, cooccurrence, survival/],
    [['--texture', 'nowhere.svs'], /nowhere\.svs/],
  ])('refuses %p with an explanation', async (wrong, message) => {
    const output = join(directory, 'refused');
    const failed = run(process.execPath, [...argumentsFor('needle', output), ...wrong]);
    await expect(failed).rejects.toMatchObject({ stderr: expect.stringMatching(message) });
    expect(existsSync(output)).toBe(false);
  });

  it('leaves only complete slides when interrupted, and keeps them the next time', async () => {
    const output = join(directory, 'interrupted');
    const process_ = spawn(process.execPath, argumentsFor('needle', output), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process_.stderr.once('data', () => process_.kill('SIGINT'));
    const code = await new Promise((resolve) => process_.once('exit', resolve));
    expect(code).not.toBe(0);
    const left = await readdir(join(output, 'slides'));
    expect(left.filter((name) => !/^slide-\d+\.tiff$/.test(name))).toEqual([]);
    const { stdout } = await run(process.execPath, [...argumentsFor('needle', output), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ kept: left.length, written: 16 - left.length });
  });
});

describe('the files of wsi synth', () => {
  it.each([
    [undefined, 0o077],
    ['027', 0o027],
  ])('have the permissions of WSI_UMASK=%s', async (mask, withheld) => {
    const output = join(directory, `for-${mask ?? 'me'}`);
    const env = { ...process.env, ...(mask === undefined ? {} : { WSI_UMASK: mask }) };
    await run(process.execPath, ['--no-warnings', ...argumentsFor('needle', output)], { env });
    const entries = await readdir(output, { recursive: true });
    expect(entries.length).toBeGreaterThan(16);
    for (const name of ['.', ...entries]) {
      const found = await stat(join(output, name));
      expect([name, found.mode & 0o777]).toEqual([name, (found.isDirectory() ? 0o777 : 0o666) & ~withheld]);
    }
  });

  it('are not written with an invalid mask', async () => {
    const env = { ...process.env, WSI_UMASK: 'group' };
    const made = run(process.execPath, ['--no-warnings', ...argumentsFor('needle', join(directory, 'x'))], {
      env,
    });
    await expect(made).rejects.toThrow(/WSI_UMASK: 'group' is no mask.*027/su);
  });
});
