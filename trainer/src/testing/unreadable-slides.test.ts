/**
 * `cohort.unreadableSlides: skip` on real processes and truly damaged files: whenever the damage is found, the parameters
 * are the bytes of a run on a table without the slide, and the slide is named in the log, the status and the result.
 */
import {
  cp,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { slideDirectory, type WsiTrainingJob } from '@wsi-operator/api';
import { exitCodes } from '../exit.ts';
import { resultOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { readJob, smallJob } from './synthetic-job.ts';

const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  // Far less than a slide: what is damaged later is read later.
  'patches.cacheBytes=64Ki',
  'training.epochs=5',
  'training.slidesPerStep=2',
  'checkpoint={everySteps: 2, keep: 3}',
];
/** In the training set of the table that the synthesis writes. */
const trainingSlide = 'slide-0005.tiff';
const testSlide = 'slide-0003.tiff';

let directory: string;
/** Parameters of runs to which nothing happens: on all slides, and without {@link trainingSlide}. */
let quiet: string;
let without: string;
const running: RoleProcesses[] = [];
let copies = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-unreadable-'));
  await smallJob(directory, []);
  const whole = await resultOf(await start(await cohort()));
  expect(whole.quarantined).toEqual([]);
  quiet = whole.parametersSha256;
  const less = await cohort();
  const rows = (await readFile(less.spec.cohort.table, 'utf8')).split('\n');
  await writeFile(less.spec.cohort.table, rows.filter((row) => !row.includes(trainingSlide)).join('\n'));
  without = (await resultOf(await start(less))).parametersSha256;
  expect(without).not.toBe(quiet);
});
afterEach(async () => {
  for (const job of running.splice(0)) await job.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A job on a copy of the cohort that a test may spoil. */
async function cohort(policy = 'skip'): Promise<WsiTrainingJob> {
  const copy = join(directory, `cohort-${copies++}`);
  await cp(join(directory, 'cohort'), copy, { recursive: true, preserveTimestamps: true });
  const paths = [`cohort.table=${join(copy, 'cohort.csv')}`, `cohort.slides=${join(copy, 'slides')}`];
  return readJob(join(copy, 'job.yaml'), [...paths, ...settings, `cohort.unreadableSlides=${policy}`]);
}

function slideOf(job: WsiTrainingJob, name: string): string {
  return join(slideDirectory(job.spec.cohort).path, name);
}

async function start(job: WsiTrainingJob, output?: string): Promise<RoleProcesses> {
  const started = await RoleProcesses.start({
    job,
    output: output ?? join(directory, `run-${copies++}`),
    workers: 1,
    servers: 1,
  });
  running.push(started);
  return started;
}

/** Overwrites compressed tiles in the middle of the file, whose size and time stay as they are. */
async function damageTiles(slide: string): Promise<void> {
  const { atime, mtime } = await stat(slide);
  const file = await open(slide, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(3000, 0xff), 0, 3000, Math.floor(size * 0.3));
  await file.close();
  await utimes(slide, atime, mtime);
}

it('truncated, empty and invalid slides are left out from the start, and named', async () => {
  const job = await cohort();
  await truncate(slideOf(job, trainingSlide), 20_000);
  await truncate(slideOf(job, testSlide), 0);
  await writeFile(slideOf(job, 'slide-0008.tiff'), 'not a slide at all');
  const run = await start(job);
  const { message } = await run.until(({ step }) => step >= 1);
  expect(message).toMatch(/3 slides are quarantined/);
  for (const name of [trainingSlide, testSlide, 'slide-0008.tiff']) expect(message).toContain(name);
  const { parametersSha256, quarantined } = await resultOf(run);
  expect(parametersSha256).toBe(without);
  expect(quarantined.map(({ slide }) => slide)).toEqual(
    [testSlide, trainingSlide, 'slide-0008.tiff'].map((name) => slideOf(job, name)),
  );
  expect(quarantined[0]?.reason).toMatch(/file is empty/);
  expect(run.logs.match(/slide quarantined/g)).toHaveLength(3);
});

it('a run whose slide is damaged midway has the parameters of a run without it, even across a crash', async () => {
  const job = await cohort();
  const slide = slideOf(job, trainingSlide);
  // A whole second: what utimes can put back.
  await utimes(slide, 1_700_000_000, 1_700_000_000);
  const run = await start(job);
  await run.until(({ checkpointStep }) => checkpointStep >= 2);
  const spoiled = await readFile(slide);
  await damageTiles(slide);
  await run.until(({ message }) => message.includes('quarantined'));
  run.kill('coordinator');
  await run.until(({ step, message }) => step >= 3 && message.includes(trainingSlide));
  expect(await run.stop()).toBe(exitCodes.stopped);
  expect(run.logs).toContain('training from scratch: the checkpoints contain a slide that is quarantined');

  // Repaired: a resumed run has the same slides all the same.
  await writeFile(slide, spoiled);
  const again = await start(job, run.output);
  const { parametersSha256, quarantined } = await resultOf(again);
  expect(parametersSha256).toBe(without);
  expect(quarantined).toEqual([{ slide, reason: expect.stringMatching(/Tile \d+ of level 0 is damaged/) }]);
  expect(again.logs).toContain('resuming');

  // And under the other policy the directory belongs to another run.
  const { spec } = job;
  const failing = {
    ...job,
    spec: { ...spec, cohort: { ...spec.cohort, unreadableSlides: 'fail' as const } },
  };
  const refused = await start(failing, run.output);
  expect(await refused.finished).toBe(exitCodes.input);
  expect(await refused.terminationMessage('coordinator')).toMatch(/belongs to a run with another cohort/);
});

it('a damaged slide of the test set costs its prediction, and no step', async () => {
  const job = await cohort();
  await damageTiles(slideOf(job, testSlide));
  const run = await start(job);
  const { parametersSha256, quarantined } = await resultOf(run);
  expect(parametersSha256).toBe(quiet);
  expect(quarantined.map(({ slide }) => slide)).toEqual([slideOf(job, testSlide)]);
  expect(run.logs).not.toContain('training from scratch');
  const predictions = await readFile(join(run.output, 'predictions.json'), 'utf8');
  expect(predictions).not.toContain(testSlide);
  expect(predictions).toContain('slide-0008.tiff');
});

it('a missing slide is not treated as damaged, and a run with nothing to train on fails', async () => {
  const vanishing = await cohort();
  const run = await start(vanishing);
  await run.until(({ step }) => step >= 1);
  await rm(slideOf(vanishing, trainingSlide));
  expect(await run.finished).toBe(exitCodes.input);
  expect(await run.terminationMessage('coordinator')).toContain(trainingSlide);
  expect(await readdir(run.output)).not.toContain('quarantine.json');

  const ruined = await cohort();
  for (const name of await readdir(slideDirectory(ruined.spec.cohort).path)) {
    await writeFile(slideOf(ruined, name), 'not a slide at all');
  }
  const failed = await start(ruined);
  expect(await failed.finished).toBe(exitCodes.input);
  expect(await failed.terminationMessage('coordinator')).toMatch(/8 of 8 slides cannot be used/);
});
