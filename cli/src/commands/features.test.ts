/** `wsi features` as a process: files that are kept and refused, a kill in the middle, slides and places that cannot be used. */
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { FeatureReader } from '@wsi-operator/features';
import { writePyramid } from '@wsi-operator/slides/tiff-writer';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
let directory: string;
const reader = new FeatureReader();

const features = (...words: string[]) =>
  spawnSync(process.execPath, [main, 'features', ...words], { encoding: 'utf8', cwd: directory });
const JOB = ['cohort/job.yaml', '--random', '1', '--workers', '1'];
const SLIDES = 'slide-0001 slide-0002 slide-0003 slide-0004'.split(' ');
const filesOf = (output: string): string[] =>
  readdirSync(join(directory, output)).filter((name) => !name.startsWith('.'));
const bytesOf = (output: string): Buffer[] =>
  SLIDES.map((slide) => readFileSync(join(directory, output, `${slide}.h5`)));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-features-command-'));
  await synthesizeCohort({
    output: join(directory, 'cohort'),
    slides: 4,
    width: 320,
    height: 320,
    task: 'cooccurrence',
  });
  expect(features(...JOB, '--output', 'whole').status).toBe(0);
});
afterAll(async () => {
  await reader.close();
  rmSync(directory, { recursive: true });
});

it('writes a file for each slide of a job, and keeps files of the same features', async () => {
  expect(filesOf('whole')).toEqual(SLIDES.map((slide) => `${slide}.h5`));
  const file = await reader.describe(join(directory, 'whole', 'slide-0001.h5'));
  expect(file).toMatchObject({
    layout: 'trident',
    encoder: 'tiny',
    coordinates: { unit: 'pixels', tileSide: 64 },
    width: 320,
    height: 320,
  });
  const before = bytesOf('whole');
  const again = features(...JOB, '--output', 'whole');
  expect([again.status, again.stdout]).toEqual([
    0,
    expect.stringMatching(/^0 files written .*, 4 there before/),
  ]);
  expect(bytesOf('whole')).toEqual(before);
});

it('refuses a job whose cohort is files of features already', () => {
  const job = ['cohort/job.yaml', '--set', 'cohort.slides=null', '--set', 'cohort.features=whole'];
  const refused = features(
    ...job,
    '--set',
    'model.encoder=null',
    '--set',
    'patches=null',
    '--output',
    'twice',
  );
  expect([refused.status, existsSync(join(directory, 'twice'))]).toEqual([64, false]);
  expect(refused.stderr).toMatch(/cohort of the job is files of features.*Train on them with wsi run/s);
});

it.each(['SIGKILL', 'SIGTERM'] as const)(
  'goes on after %s in the middle, with the same bytes',
  async (signal) => {
    const output = `after-${signal}`;
    const child = spawn(process.execPath, [main, 'features', ...JOB, '--output', output], {
      cwd: directory,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (!existsSync(join(directory, output, 'slide-0001.h5'))) await setTimeout(1);
    child.kill(signal);
    expect(await ended).toBe(signal === 'SIGKILL' ? null : 143);
    const left = filesOf(output).filter((name) => name.endsWith('.h5'));
    if (signal === 'SIGTERM') expect(filesOf(output)).toEqual(left);
    // As a process leaves it that is killed while it writes.
    writeFileSync(join(directory, output, 'slide-0004.h5.1.tmp'), 'half');
    const { status, stdout } = features(...JOB, '--output', output);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/there before/)]);
    expect(filesOf(output)).toEqual(SLIDES.map((slide) => `${slide}.h5`));
    expect(bytesOf(output)).toEqual(bytesOf('whole'));
  },
);

it('refuses files with other features and files of others, and replaces them only when it is told to', () => {
  const before = bytesOf('whole');
  const refused = (...words: string[]) => {
    const { status, stderr } = features(...JOB, '--output', 'whole', ...words);
    expect(status).toBe(64);
    expect(bytesOf('whole')).toEqual(before);
    return stderr;
  };
  expect(refused('--random', '2')).toMatch(
    /tiny with other parameters .* and so it is with 3 more\. .*--overwrite/,
  );
  mkdirSync(join(directory, 'foreign'));
  for (const slide of SLIDES) writeFileSync(join(directory, 'foreign', `${slide}.h5`), 'no HDF5');
  const foreign = features(...JOB, '--output', 'foreign');
  expect([foreign.status, foreign.stderr]).toEqual([64, expect.stringMatching(/slide-0001\.h5/)]);
  expect(readFileSync(join(directory, 'foreign', 'slide-0001.h5'), 'utf8')).toBe('no HDF5');
  expect(features(...JOB, '--output', 'foreign', '--overwrite').status).toBe(0);
  expect(bytesOf('foreign')).toEqual(before);
});

it('tells of slides that cannot be used at the end, and writes the files of the others', async () => {
  const given = join(directory, 'given');
  mkdirSync(given);
  copyFileSync(join(directory, 'cohort', 'slides', 'slide-0001.tiff'), join(given, 'slide-0001.tiff'));
  const cut = readFileSync(join(directory, 'cohort', 'slides', 'slide-0002.tiff')).subarray(0, 3000);
  writeFileSync(join(given, 'cut-off.tiff'), cut);
  const white = { key: 'white', paint: () => new Uint8Array(256 * 256 * 3).fill(255) };
  await writePyramid(
    join(given, 'glass.tiff'),
    { width: 512, height: 512, tile: () => white },
    { tileSize: 256, quality: 90, chroma: '4:4:4', levelFactor: 2, mpp: 0.5, description: '' },
  );
  const words = [
    '--encoder',
    'tiny',
    '--random',
    '1',
    '--patch-size',
    '64',
    '--level',
    '0',
    '--workers',
    '1',
  ];
  const { status, stdout, stderr } = features('given', 'gone.svs', ...words, '--output', 'some');
  expect([status, stdout]).toEqual([64, expect.stringMatching(/^1 file written/)]);
  expect(stderr).toMatch(/3 slides could not be used/);
  expect(stderr).toMatch(/cut-off\.tiff: /);
  expect(stderr).toMatch(/glass\.tiff: No patch has enough tissue/);
  expect(stderr).toMatch(/gone\.svs: /);
  expect(filesOf('some')).toEqual(['slide-0001.h5']);
  expect(bytesOf('whole')[0]).toEqual(readFileSync(join(directory, 'some', 'slide-0001.h5')));
});

it('refuses a place that cannot be written to before it begins', () => {
  writeFileSync(join(directory, 'file'), '');
  const { status, stdout, stderr } = features(...JOB, '--output', 'file/inside');
  expect([status, stdout, stderr]).toEqual([74, '', expect.stringMatching(/file\/inside/)]);
});

it('ends when the disk is full, without a half file, and goes on later', () => {
  // No file may be larger than 64 blocks, which a file of features is.
  const limited = spawnSync(
    '/bin/sh',
    ['-c', 'ulimit -f 64 && exec "$0" "$@"', process.execPath, main, 'features', ...JOB, '--output', 'full'],
    { encoding: 'utf8', cwd: directory },
  );
  expect([limited.status, limited.stderr]).toEqual([74, expect.stringMatching(/cannot be written/)]);
  expect(filesOf('full')).toEqual([]);
});
