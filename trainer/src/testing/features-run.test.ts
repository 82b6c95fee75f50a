/** Runs on files of features: real processes, real files. The parameters are the same bytes whatever happens to a run. */
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { Predictor } from '../prediction/predictor.ts';
import { exitCodes } from '../exit.ts';
import { resultOf } from './ended-run.ts';
import { featureCohort, featureJob, writeFeatures, type FeatureCohort } from './feature-cohort.ts';
import { RoleProcesses } from './role-processes.ts';

let directory: string;
let cohort: FeatureCohort;
let quiet: string;
const running: RoleProcesses[] = [];
let runs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-features-run-'));
  cohort = await featureCohort(directory);
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(
  job: WsiTrainingJob,
  { workers = 1, servers = 1, output = join(directory, `run-${runs++}`) } = {},
): Promise<RoleProcesses> {
  const run = await RoleProcesses.start({ job, output, workers, servers });
  running.push(run);
  return run;
}

describe('a run on files of features', () => {
  it('learns, predicts every bag and draws where its attention is', async () => {
    const run = await start(cohort.job);
    const result = await resultOf(run);
    quiet = result.parametersSha256;
    expect(result.steps).toBe(8);
    const lines = (await readFile(join(run.output, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    const losses = lines
      .map((line) => JSON.parse(line) as { loss?: number })
      .flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    const predictions = JSON.parse(await readFile(join(run.output, 'predictions.json'), 'utf8')) as {
      readonly bag: string;
      readonly slides: readonly string[];
      readonly score: number;
      readonly split: string;
    }[];
    expect(predictions).toHaveLength(8);
    const checkpoint = join(run.output, 'checkpoints', 'step-00000008');
    const predictor = (await Predictor.open(checkpoint)).start(1);
    const [bag] = predictions;
    const { prediction } = await predictor.predict(bag!, 0);
    expect([prediction?.score, prediction?.split]).toEqual([bag!.score, bag!.split]);
    const strange = join(directory, 'strange.h5');
    await writeFeatures(strange, { encoder: 'another' });
    const { failures } = await predictor.predict({ bag: 'strange', slides: [strange] }, 1);
    expect(failures[0]?.error.message).toMatch(/made by the encoder 'another', others by 'made-up'/);
    predictor.close();
    const heatmaps = JSON.parse(await readFile(join(run.output, 'heatmaps', 'INDEX.json'), 'utf8')) as {
      readonly tiles: readonly unknown[];
      readonly attention: readonly number[];
    }[];
    expect(heatmaps).toHaveLength(8);
    expect(heatmaps[0]!.attention).toHaveLength(heatmaps[0]!.tiles.length);
  });

  it('gives the same bytes with three workers, through kills, and resumed', async () => {
    const run = await start(cohort.job, { workers: 3, servers: 2 });
    await run.until(({ step }) => step >= 1);
    run.kill('worker', 1);
    await run.until(({ step }) => step >= 3);
    run.kill('coordinator');
    await run.until(({ generation, step }) => generation >= 2 && step >= 4);
    expect(await run.stop()).toBe(exitCodes.stopped);
    const again = await start(cohort.job, { workers: 2, output: run.output });
    expect((await resultOf(again)).parametersSha256).toBe(quiet);
  });

  it('trains the head alone where the aggregator has no parameters', async () => {
    const job = featureJob(cohort, ['model.aggregator={name: mean}', 'training.epochs=1']);
    const { steps } = await resultOf(await start(job, { workers: 2, servers: 2 }));
    expect(steps).toBe(2);
  });

  it('notices a file that is replaced while it goes on, and not one that is only touched', async () => {
    const copy = await featureCohort(join(directory, 'replaced'), ['training.epochs=400']);
    const run = await start(copy.job);
    await run.until(({ step }) => step >= 1);
    const file = join(copy.folder, 'slide-0.h5');
    await utimes(file, 1_700_000_000, 1_700_000_000);
    const { step } = await run.status();
    await run.until((status) => status.step >= step + 4);
    await writeFeatures(file, { seed: 99 });
    expect(await run.finished).toBe(exitCodes.input);
    expect(await run.terminationMessage('coordinator')).toMatch(/slide-0\.h5.*replaced or changed/s);
  });
});

describe('files that cannot be used', () => {
  it('are named together, or left out where the job says so', async () => {
    const copy = await featureCohort(join(directory, 'broken'));
    // The first file of the cohort says what all others have to be: here it is the second.
    await writeFile(join(copy.folder, 'slide-0.h5'), 'no HDF5');
    await writeFeatures(join(copy.folder, 'slide-3.h5'), { size: 8 });
    await writeFeatures(join(copy.folder, 'slide-5.h5'), { encoder: 'another' });
    const failing = await start(copy.job);
    expect(await failing.finished).toBe(exitCodes.input);
    const message = await failing.terminationMessage('coordinator');
    expect(message).toMatch(/3 of 8 slides cannot be used/);
    expect(message).toMatch(/slide-0\.h5.*no HDF5 file/);
    expect(message).toMatch(/slide-3\.h5.*rows have 8 numbers.*16/);
    expect(message).toMatch(/slide-5\.h5.*made by the encoder 'another'/);
    const skipping = await start(featureJob(copy, ['cohort.unreadableSlides=skip', 'training.epochs=1']));
    const { quarantined } = await resultOf(skipping);
    expect(quarantined.map(({ slide }) => slide)).toEqual(
      [0, 3, 5].map((slide) => join(copy.folder, `slide-${slide}.h5`)),
    );
  });
});
