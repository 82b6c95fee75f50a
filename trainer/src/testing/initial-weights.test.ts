/** Runs that start from weights or from an earlier run: the same bytes whatever runs them, and other files are other runs. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { publishedFile } from '@wsi-operator/engine/testing/weights';
import { RoleProcesses } from './role-processes.ts';
import { digestOf, endOf } from './spoilable-runs.ts';
import { smallJob } from './synthetic-job.ts';

let directory: string;
let weights: string;
let cohort: string;
const running: RoleProcesses[] = [];
let runs = 0;

const settings = [
  'patches.size=32',
  'patches.stride=192',
  'patches.batch=4',
  'training.epochs=1',
  'training.slidesPerStep=2',
  // A checkpoint of resnet18 has 130 MB: one at the end is enough.
  'checkpoint={everySteps: 100, keep: 1}',
  'model.head.hidden=0',
];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-initial-'));
  weights = join(directory, 'resnet18.safetensors');
  cohort = join(directory, 'data');
  await writeFile(weights, publishedFile('resnet18'));
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function jobWith(...set: readonly string[]): Promise<WsiTrainingJob> {
  return smallJob(cohort, [...settings, ...set]);
}

async function start(job: WsiTrainingJob, workers = 1, output?: string): Promise<RoleProcesses> {
  const place = output ?? join(directory, `run-${runs++}`);
  const run = await RoleProcesses.start({ job, output: place, workers, servers: 1 });
  running.push(run);
  return run;
}

it('a run from weights has the same bytes with one and two workers and after a kill, and no others', async () => {
  const job = await jobWith(`model.encoder={name: resnet18, weights: ${weights}}`);
  const quiet = await start(job);
  const digest = await digestOf(quiet);
  expect(quiet.logs).toContain('encoder starts from weights');

  const killed = await start(job, 2);
  await killed.until(({ step }) => step >= 1);
  killed.kill('coordinator');
  expect(await digestOf(killed)).toBe(digest);

  await writeFile(weights, publishedFile('resnet18', 2));
  const { code, message } = await endOf(await start(job, 1, quiet.output));
  expect(code).toBe(64);
  expect(message).toMatch(/started from other weights.*model\.encoder\.weights: sha256 [0-9a-f]{64} then/s);
});

it('a run takes over the parts of an earlier one that it names, and refuses others', async () => {
  const first = await start(await jobWith('model.encoder.name=tiny'));
  const before = await digestOf(first);
  const [checkpoint] = await readdir(join(first.output, 'checkpoints'));
  const from = (set: string): Promise<WsiTrainingJob> =>
    jobWith(
      'model.encoder.name=tiny',
      `model.initialFrom={checkpoint: ${first.output}${set}}`,
      'training.seed=9',
    );
  const whole = await digestOf(await start(await from('')));
  expect(await digestOf(await start(await from(`/checkpoints/${checkpoint}`), 2))).toBe(whole);
  const part = await digestOf(await start(await from(', parts: [encoder]')));
  expect(new Set([before, whole, part]).size).toBe(3);

  const other = await jobWith(
    'model.encoder.name=resnet18',
    `model.initialFrom={checkpoint: ${first.output}}`,
  );
  const { code, message } = await endOf(await start(other));
  expect(code).toBe(64);
  expect(message).toContain('encoder: tiny there, resnet18 here');
});
