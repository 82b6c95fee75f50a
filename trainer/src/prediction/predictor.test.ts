/** What `wsi predict` says of a bag is, to the last bit, what the run that trained the model said of it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Heatmap } from '../heatmap/heatmap.ts';
import type { Prediction } from '../scoring/prediction.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { RoleProcesses } from '../testing/role-processes.ts';
import { syntheticJob } from '../testing/synthetic-job.ts';
import { openModel } from './open-model.ts';
import { Predictor, type BagPrediction } from './predictor.ts';

type WrittenPrediction = Omit<Prediction, 'probabilities'> & {
  readonly probabilities: Readonly<Record<string, number>> | readonly number[];
};

describe.each(['attention', 'instance'])('a model with the %s aggregator', (aggregator) => {
  let directory: string;
  let output: string;
  let checkpoint: string;
  const open: Predictor[] = [];
  const predictor = async (processes: number): Promise<Predictor> => {
    const opened = (await Predictor.open(checkpoint)).start(processes);
    open.push(opened);
    return opened;
  };
  const read = async <T>(file: string): Promise<T> =>
    JSON.parse(await readFile(join(output, file), 'utf8')) as T;
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
    await pairPatients(job.spec.cohort.table);
    const run = await RoleProcesses.start({ job, output, workers: 1, servers: 1 });
    expect(await run.finished).toBe(0);
    await run.close();
    const steps = await read<{ steps: number }>('result.json');
    checkpoint = join(output, 'checkpoints', `step-${String(steps.steps).padStart(8, '0')}`);
  });
  afterAll(async () => {
    for (const opened of open) opened.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('gives the scores, tile weights and sides of the run, with one process and with two', async () => {
    const predictions = await read<WrittenPrediction[]>('predictions.json');
    const heatmaps = await read<Heatmap[]>('heatmaps/INDEX.json');
    expect(Math.max(...predictions.map(({ slides }) => slides.length))).toBe(2);
    const predicted: BagPrediction[][] = [];
    for (const processes of [1, 2]) {
      const by = await predictor(processes);
      const results = await Promise.all(predictions.map((bag, index) => by.predict(bag, index)));
      predicted.push(results.map(({ prediction }) => prediction!));
    }
    for (const results of predicted) {
      for (const [index, expected] of predictions.entries()) {
        const { score, probabilities, slides, split } = results[index]!;
        expect(score).toBe(expected.score);
        expect(probabilities).toEqual(Object.values(expected.probabilities));
        expect(split).toBe(expected.split);
        for (const { slide, tileScores } of slides) {
          const known = heatmaps.find((heatmap) => heatmap.slide === slide);
          expect(Array.from(tileScores)).toEqual(known?.attention);
        }
      }
    }
  });

  it('scores a bag without the slides that cannot be used, and says which', async () => {
    const [first, second] = await read<WrittenPrediction[]>('predictions.json');
    const damaged = join(directory, 'damaged.tif');
    await writeFile(damaged, (await readFile(first!.slides[0]!)).subarray(0, 5000));
    const by = await predictor(1);
    const whole = await by.predict({ bag: 'new', slides: second!.slides }, 0);
    const part = await by.predict({ bag: 'new', slides: [...second!.slides, damaged].sort() }, 1);
    expect(part.prediction?.score).toBe(whole.prediction?.score);
    expect(part.prediction?.slides).toHaveLength(second!.slides.length);
    expect(part.failures.map(({ slide, error }) => [slide, error.code])).toEqual([
      [damaged, 'SlideUnreadable'],
    ]);
    const none = await by.predict({ bag: 'gone', slides: [join(directory, 'gone.tif')] }, 2);
    expect(none.prediction).toBeUndefined();
    expect(none.failures[0]?.error.code).toBe('NotFound');
    by.close();
    await expect(by.predict(second!, 3)).rejects.toThrow(/stopped/);
  });

  it('refuses a checkpoint that was altered, or is of another version, naming the file', async () => {
    const file = join(checkpoint, 'model.safetensors');
    const bytes = await readFile(file);
    const altered = Buffer.from(bytes);
    altered[altered.length - 1]! ^= 1;
    await writeFile(file, altered);
    await expect(Predictor.open(checkpoint)).rejects.toThrow(/model\.safetensors: sha256 differs/);
    await writeFile(file, bytes);
    const loaded = await loadCheckpoint(checkpoint);
    const model = loaded.cursor.model as { readonly network: object };
    const with_ = (description: unknown): unknown =>
      openModel({ ...loaded, cursor: { ...loaded.cursor, model: description } });
    expect(() => with_({ ...model, network: { ...model.network, encoder: { name: 'vit' } } })).toThrow(
      /step-.*not one that this version knows \(spec\.model\.encoder\.name.*vit/,
    );
    expect(() => with_(undefined)).toThrow(/there is no model in its cursor/);
  });
});

/** The synthetic cohort has a slide a patient: of each two slides of one class and split, one patient is made. */
async function pairPatients(table: string): Promise<void> {
  const [header, ...rows] = (await readFile(table, 'utf8')).trim().split('\n');
  const columns = header!.split(',');
  const at = (name: string): number => columns.indexOf(name);
  const waiting = new Map<string, string>();
  const paired = rows.map((row) => {
    const cells = row.split(',');
    const kind = columns
      .map((name, index) => (['patient', 'slide'].includes(name) ? '' : cells[index]))
      .join();
    const before = waiting.get(kind);
    if (before === undefined) waiting.set(kind, cells[at('patient')]!);
    else {
      cells[at('patient')] = before;
      waiting.delete(kind);
    }
    return cells.join(',');
  });
  await writeFile(table, `${[header, ...paired].join('\n')}\n`);
}
