/** What `wsi predict` says of a slide is what the run that trained the model said of it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import type { Heatmap } from '../coordinator/heatmaps.ts';
import type { Prediction } from '../coordinator/evaluation.ts';
import { RoleProcesses } from '../testing/role-processes.ts';
import { syntheticJob } from '../testing/synthetic-job.ts';
import { colourOf, heatmapPicture, scaled } from './heatmap-picture.ts';
import { Predictor } from './predictor.ts';

describe.each(['attention', 'instance'])('a model with the %s aggregator', (aggregator) => {
  let directory: string;
  let output: string;
  let checkpoint: string;
  let predictor: Predictor;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-predict-'));
    output = join(directory, 'run');
    const job = await syntheticJob({
      directory: join(directory, 'cohort'),
      slides: 8,
      width: 384,
      height: 384,
      task: 'cooccurrence',
      set: ['training.epochs=1', 'patches.batch=7', `model.aggregator.name=${aggregator}`],
    });
    const run = await RoleProcesses.start({ job, output, workers: 1, servers: 1 });
    expect(await run.finished).toBe(0);
    await run.close();
    const steps = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as { steps: number };
    checkpoint = join(output, 'checkpoints', `step-${String(steps.steps).padStart(8, '0')}`);
    predictor = await Predictor.open(checkpoint);
  });
  afterAll(async () => {
    await predictor.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('gives the scores and tile weights of the run', async () => {
    const read = async <T>(file: string): Promise<T> =>
      JSON.parse(await readFile(join(output, file), 'utf8')) as T;
    const predictions = await read<Prediction[]>('predictions.json');
    const heatmaps = await read<Heatmap[]>('heatmaps/INDEX.json');
    expect(predictions).toHaveLength(8);
    for (const expected of predictions.slice(0, 3)) {
      const [path] = expected.slides;
      const { score, probabilities, tileScores, grid } = await predictor.predict(path!);
      expect(score).toBeCloseTo(expected.score, 6);
      expect(Object.keys(probabilities!)).toEqual(['negative', 'positive']);
      const weights = heatmaps.find(({ slide }) => slide === path)!.attention;
      expect(tileScores).toHaveLength(grid.count);
      for (const [tile, weight] of weights.entries()) expect(tileScores[tile]).toBeCloseTo(weight, 5);
      if (aggregator === 'attention') {
        expect(tileScores.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
      }
    }
  });

  it('draws the weights over the thumbnail', async () => {
    const [{ slides }] = JSON.parse(await readFile(join(output, 'predictions.json'), 'utf8')) as [Prediction];
    const prediction = await predictor.predict(slides[0]!);
    const { data, info } = await sharp(await heatmapPicture(prediction, 192))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(Math.max(info.width, info.height)).toBe(192);
    // Half way inside the heaviest tile, its colour is the mixture's larger part: more yellow than blue.
    const heaviest = prediction.tileScores.indexOf(Math.max(...prediction.tileScores));
    const at = [0, 1].map((axis) =>
      Math.floor(((prediction.grid.coordinates[heaviest * 2 + axis]! + 32) * 192) / 384),
    );
    const pixel = (at[1]! * info.width + at[0]!) * 3;
    expect(data[pixel]!).toBeGreaterThan(data[pixel + 2]! + 30);
  });

  it('refuses a checkpoint that was altered, naming the file', async () => {
    const file = join(checkpoint, 'model.safetensors');
    const bytes = await readFile(file);
    const altered = Buffer.from(bytes);
    altered[altered.length - 1]! ^= 1;
    await writeFile(file, altered);
    await expect(Predictor.open(checkpoint)).rejects.toThrow(/model\.safetensors: sha256 differs/);
    await writeFile(file, bytes);
  });
});

describe('the colours of a heatmap', () => {
  it('go from dark blue to yellow, and do not leave their ends', () => {
    expect(colourOf(0)).toEqual([68, 1, 84]);
    expect(colourOf(1)).toEqual([253, 231, 37]);
    expect(colourOf(-1)).toEqual(colourOf(0));
    expect(colourOf(2)).toEqual(colourOf(1));
    expect(colourOf(0.5)).toEqual([33, 145, 140]);
  });

  it('scale to the range of the slide; equal scores are in the middle', () => {
    expect(scaled(Float32Array.of(1, 3, 2))).toEqual([0, 1, 0.5]);
    expect(scaled(Float32Array.of(4, 4))).toEqual([0.5, 0.5]);
  });
});
