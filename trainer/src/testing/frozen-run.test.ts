/** Runs whose encoder does not learn: real processes, real weights. Tiles are embedded once; the parameters are the same bytes. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { publishedFile } from '@wsi-operator/engine/testing/weights';
import { FeatureReader } from '@wsi-operator/features';
import { exitCodes } from '../exit.ts';
import type { ModelDescription } from '../plan/model.ts';
import { Predictor } from '../prediction/predictor.ts';
import { kept, makeFeatureStore, openTileSource, tileSettings } from '../tile-source/index.ts';
import { resultOf } from './ended-run.ts';
import { featureJob } from './feature-cohort.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const STEPS = 8;
const LAST = 'step-00000008';

let directory: string;
let weights: string;
let job: WsiTrainingJob;
let quiet: { readonly output: string; readonly digest: string };
const running: RoleProcesses[] = [];
let runs = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-frozen-run-'));
  weights = join(directory, 'resnet18.safetensors');
  await writeFile(weights, publishedFile('resnet18'));
  job = await jobWith();
  const run = await start(job);
  const { parametersSha256, steps } = await resultOf(run);
  expect(steps).toBe(STEPS);
  quiet = { output: run.output, digest: parametersSha256 };
});
afterEach(async () => {
  for (const run of running.splice(0)) await run.close();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function jobWith(...set: readonly string[]): Promise<WsiTrainingJob> {
  return smallJob(directory, [
    'training.mode=frozen',
    `model.encoder={name: resnet18, weights: ${weights}}`,
    'patches.size=32',
    'patches.stride=96',
    'patches.batch=4',
    'training.epochs=4',
    'training.slidesPerStep=3',
    'model.aggregator={name: attention, hidden: 8}',
    'model.head.hidden=0',
    'checkpoint={everySteps: 2, keep: 2}',
    ...set,
  ]);
}

async function start(
  of: WsiTrainingJob,
  { workers = 1, servers = 1, output = join(directory, `run-${runs++}`) } = {},
): Promise<RoleProcesses> {
  const run = await RoleProcesses.start({ job: of, output, workers, servers });
  running.push(run);
  return run;
}

async function featuresOf(output: string): Promise<Map<string, Buffer>> {
  const folder = join(output, 'features');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

describe('a run with a frozen encoder', () => {
  it('keeps a file of features for each slide, and is the same run as one on these files', async () => {
    const { cohort, training, model } = job.spec;
    const slides = await readdir(cohort.slides!);
    expect([...(await featuresOf(quiet.output)).keys()]).toEqual(
      slides.map((slide) => `${basename(slide, extname(slide))}.h5`).sort(),
    );
    const files = featureJob({ table: cohort.table, folder: join(quiet.output, 'features') });
    const { features } = files.spec.cohort;
    const { slides: _none, ...asSlides } = cohort;
    const same: WsiTrainingJob = {
      ...job,
      spec: {
        ...job.spec,
        cohort: { ...asSlides, features: features! },
        patches: files.spec.patches,
        model: { ...model, encoder: files.spec.model.encoder },
        training: { ...training, mode: 'endToEnd' },
      },
    };
    expect((await resultOf(await start(same))).parametersSha256).toBe(quiet.digest);
  });

  it('gives the same bytes with three workers, through kills, resumed, and where files are gone', async () => {
    const run = await start(job, { workers: 3, servers: 2 });
    await run.until(({ step }) => step >= 1);
    run.kill('worker', 1);
    await run.until(({ step }) => step >= 3);
    run.kill('coordinator');
    await run.until(({ generation, step }) => generation >= 2 && step >= 4);
    expect(await run.stop()).toBe(exitCodes.stopped);
    const made = await featuresOf(run.output);
    expect(made).toEqual(await featuresOf(quiet.output));
    const [first] = made.keys();
    await rm(join(run.output, 'features', first!));
    const again = await start(job, { workers: 2, output: run.output });
    expect((await resultOf(again)).parametersSha256).toBe(quiet.digest);
    expect(await featuresOf(run.output)).toEqual(made);
  });

  it('has the same rows where a worker does not see the files', async () => {
    const [slide] = (await readdir(job.spec.cohort.slides!)).map((name) =>
      join(job.spec.cohort.slides!, name),
    );
    const cursor = await readFile(join(quiet.output, 'checkpoints', LAST, 'cursor.json'), 'utf8');
    const settings = tileSettings((JSON.parse(cursor) as { readonly model: ModelDescription }).model);
    const elsewhere = { directory: join(quiet.output, 'features'), mark: 'of another machine', alike: false };
    const source = openTileSource(kept(settings, elsewhere), { cacheBytes: 0 });
    const reader = new FeatureReader();
    try {
      const { coordinates } = await source.survey({ slide: slide! });
      // A pair of int32 a tile.
      const block = { slide: slide!, coordinates: coordinates.subarray(2 * 8), orientationSeed: 0, first: 2 };
      const file = join(quiet.output, 'features', `${basename(slide!, extname(slide!))}.h5`);
      const rows = await source.read(block, { start: 1, end: 4 });
      expect(rows).toEqual(await reader.rows(file, 3, 3));
      const others = source.read({ ...block, coordinates }, { start: 1, end: 4 });
      await expect(others).rejects.toThrow(/features are of other tiles than those of the run.*Restore/s);
    } finally {
      await source.close();
      await reader.close();
    }
  });

  it('makes a file again that cannot be read', async () => {
    const slides = await readdir(job.spec.cohort.slides!);
    const slide = join(job.spec.cohort.slides!, slides[0]!);
    const output = join(directory, 'damaged');
    const place = await makeFeatureStore(output, [slide]);
    const cursor = await readFile(join(quiet.output, 'checkpoints', LAST, 'cursor.json'), 'utf8');
    const settings = tileSettings((JSON.parse(cursor) as { readonly model: ModelDescription }).model);
    const source = openTileSource(kept(settings, place), { cacheBytes: 0 });
    try {
      const { coordinates } = await source.survey({ slide });
      const block = { slide, coordinates, orientationSeed: 0, first: 0 };
      const before = await source.read(block, { start: 0, end: 4 });
      const name = `${basename(slide, extname(slide))}.h5`;
      await writeFile(join(output, 'features', name), 'torn');
      expect(await source.read(block, { start: 0, end: 4 })).toEqual(before);
      expect((await featuresOf(output)).get(name)).toEqual((await featuresOf(quiet.output)).get(name));
    } finally {
      await source.close();
    }
  });

  it('predicts slides as it evaluated them, and refuses weights that are others by now', async () => {
    const predictions = JSON.parse(await readFile(join(quiet.output, 'predictions.json'), 'utf8')) as {
      readonly bag: string;
      readonly slides: readonly string[];
      readonly score: number;
    }[];
    const checkpoint = join(quiet.output, 'checkpoints', LAST);
    const predict = async (): Promise<number | undefined> => {
      const predictor = (await Predictor.open(checkpoint)).start(1);
      try {
        return (await predictor.predict(predictions[0]!, 0)).prediction?.score;
      } finally {
        predictor.close();
      }
    };
    expect(await predict()).toBe(predictions[0]!.score);
    await writeFile(weights, publishedFile('resnet18', 2));
    await expect(predict()).rejects.toThrow(/encoder.*(changed|other)/);
    await writeFile(weights, publishedFile('resnet18'));
  });
});
