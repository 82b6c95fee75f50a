/** Epochs that are added to a run, and the one that is kept of it: real processes, real kills. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { RunResult } from '../coordinator/learning/result.ts';
import { resultOf, stepsOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

let directory: string;
let job: WsiTrainingJob;
const running: RoleProcesses[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-epochs-'));
  job = await smallJob(directory, [
    'patches.batch=5',
    'training.slidesPerStep=2',
    'training.schedule={name: constant}',
    'checkpoint={everySteps: 100, keep: 1}',
    'cohort.split={test: 0.25, validation: 0.25}',
  ]);
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function withTraining(training: Partial<WsiTrainingJob['spec']['training']>): WsiTrainingJob {
  return { ...job, spec: { ...job.spec, training: { ...job.spec.training, ...training } } };
}

async function start(
  name: string,
  of: WsiTrainingJob,
  sizes = { workers: 1, servers: 1 },
): Promise<RoleProcesses> {
  const run = await RoleProcesses.start({ job: of, output: join(directory, name), ...sizes });
  running.push(run);
  return run;
}

describe('epochs that are added to a finished run', () => {
  it('give the bytes of a run that had them from the beginning', async () => {
    const whole = await resultOf(await start('whole', withTraining({ epochs: 3 })));
    const first = await resultOf(await start('longer', withTraining({ epochs: 1 })));
    expect(first.parametersSha256).not.toBe(whole.parametersSha256);
    const longer = await start('longer', withTraining({ epochs: 3 }), { workers: 2, servers: 2 });
    const result = await resultOf(longer);
    expect(result.parametersSha256).toBe(whole.parametersSha256);
    expect(result.metrics).toEqual(whole.metrics);
    const before = await readFile(join(directory, 'longer', 'result-after-1-epochs.json'), 'utf8');
    expect((JSON.parse(before) as RunResult).parametersSha256).toBe(first.parametersSha256);
    expect((await stepsOf(longer)).map(({ step }) => step)).toEqual([...Array(result.steps).keys()]);
  });

  it.each([
    ['fewer of them', { epochs: 2 }, /after 6 steps of the same training: the job asks for 4/],
    [
      'a cosine, whose steps depend on how many there are',
      { epochs: 4, schedule: { name: 'cosine', warmupSteps: 0, finalFraction: 0 } },
      /belongs to a run with another cohort, slides, spec or revision of its encoder/,
    ],
  ] as const)('are refused with %s', async (_what, training, says) => {
    await resultOf(await start(`refused-${training.epochs}`, withTraining({ epochs: 3 })));
    const again = await start(`refused-${training.epochs}`, withTraining(training));
    expect(await again.finished).not.toBe(0);
    expect(again.logs).toMatch(says);
    // What is refused leaves the result where it was.
    const entries = await readdir(join(directory, `refused-${training.epochs}`));
    expect(entries).toContain('result.json');
  });
});

describe('the epoch that is kept', () => {
  // The learning rate makes the log loss rise again after some epochs.
  const selecting = (): WsiTrainingJob =>
    withTraining({
      epochs: 12,
      selection: { metric: 'logLoss', patience: 2 },
      optimizer: { ...job.spec.training.optimizer, learningRate: 0.05 },
    });
  let quiet: RunResult;
  beforeAll(async () => {
    quiet = await resultOf(await start('quiet', selecting()));
  });

  it('is the best of the validation set, and the result is of its checkpoint', async () => {
    const { selection } = quiet;
    const lines = (await readFile(join(directory, 'quiet', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const measured = lines
      .map((line) => JSON.parse(line) as { split?: string; step: number; metrics: { logLoss: number } })
      .filter(({ split }) => split === 'validation');
    const least = measured.reduce((best, line) =>
      line.metrics.logLoss < best.metrics.logLoss ? line : best,
    );
    expect(selection).toMatchObject({ metric: 'logLoss', step: least.step, value: least.metrics.logLoss });
    // The predictions of the result are those of that epoch, to the bit.
    expect(quiet.metrics['validation.logLoss']).toBe(least.metrics.logLoss);
    // Training ended two epochs later, and both checkpoints are there although one is kept.
    expect(selection!.trainedEpochs).toBe(selection!.epoch + 3);
    expect(selection!.trainedEpochs).toBeLessThan(12);
    const kept = await readdir(join(directory, 'quiet', 'checkpoints'));
    expect(kept.sort()).toEqual(
      [selection!.step, quiet.steps].map((step) => `step-${String(step).padStart(8, '0')}`),
    );
  });

  it('is the same with other sizes and after kills of coordinator and server', async () => {
    const run = await start('killed', selecting(), { workers: 3, servers: 2 });
    await run.until(({ step }) => step >= 3);
    run.kill('coordinator');
    await run.until(({ step }) => step >= 5);
    run.kill('server', 1);
    const result = await resultOf(run);
    expect(result.selection).toEqual(quiet.selection);
    expect(result.parametersSha256).toBe(quiet.parametersSha256);
    expect(result.metrics).toEqual(quiet.metrics);
  });

  it('is chosen again by a run that is started after its end', async () => {
    const again = await resultOf(await start('quiet', selecting(), { workers: 2, servers: 1 }));
    expect(again.selection).toEqual(quiet.selection);
    expect(again.parametersSha256).toBe(quiet.parametersSha256);
  });
});
