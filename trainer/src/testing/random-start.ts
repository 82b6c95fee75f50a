/**
 * Support for tests: an encoder that learns from random weights, in one process: the parts of a run (tiles of a synthetic
 * cohort, graphs, head, optimizer, the rate that the job gets by default, schedule, clipping) without its roles, which would move
 * all parameters between them in every step. Run as `random-start.ts ENCODER SEED DIRECTORY [SETTING...]` with settings as of
 * `--set`, it prints {@link RandomStart} as JSON.
 *
 * Shapes: n tiles of one or several bags, d the length of an embedding.
 */
import type { EncoderName, WsiTrainingJobSpec } from '@wsi-operator/api';
import { readCohort, type Cohort } from '@wsi-operator/cohort';
import { embeddingSize, Engine, type ParameterSet } from '@wsi-operator/engine';
import { RandomStream } from '@wsi-operator/foundation';
import { openSlide, TileReader, tileGrid } from '@wsi-operator/slides';
import { rocArea } from '@wsi-operator/statistics';
import type { BagOutcome } from '../heads/index.ts';
import { createOptimizer, learningRateAt } from '../optimizer/index.ts';
import { caseOutcome } from '../plan/head-outcome.ts';
import { buildModel, describeModel } from '../plan/model.ts';
import { syntheticJob } from './synthetic-job.ts';

export interface RandomStart {
  /** Mean of each epoch's steps; chance is the logarithm of 2. */
  readonly losses: readonly number[];
  /** Area under the ROC curve of the slides that were held out. */
  readonly auc: number;
}

/** Slides of twelve tiles, the smallest that the encoders with a stride of 32 take. */
const COHORT = {
  slides: 48,
  width: 128,
  height: 96,
  patch: 32,
  motifSize: 32,
  motifs: 4,
  coverage: 0.7,
  task: 'needle',
} as const;

/** All that changes the parameters is as in a job that says nothing of it: rule, learning rate, schedule, clipping. */
const SETTINGS = [
  'patches.tissue={method: none}',
  'training.epochs=5',
  'training.slidesPerStep=6',
  'training.optimizer={}',
  'training.schedule={}',
];

interface Start {
  readonly encoder: EncoderName;
  /** Of the cohort, of the first parameters, and of the order of the slides. */
  readonly seed: number;
  readonly directory: string;
  readonly settings: readonly string[];
}

interface TiledBag {
  readonly tiles: Uint8Array;
  readonly n: number;
  readonly outcome: Extract<BagOutcome, { type: 'classification' }>;
}

async function learn({ encoder, seed, directory, settings }: Start): Promise<RandomStart> {
  const model = `{encoder: {name: ${encoder}}, aggregator: {name: mean}, head: {name: classification, hidden: 16}}`;
  const set = [`model=${model}`, ...SETTINGS, ...settings];
  const { spec } = await syntheticJob({ ...COHORT, seed, directory, set });
  const cohort = await readCohort(spec.cohort, { baseDirectory: '/' });
  const train = await tiledBags(spec, cohort, 'train');
  const test = await tiledBags(spec, cohort, 'test');
  const learner = await startLearner(spec, cohort.classes, seed);
  try {
    const { epochs, slidesPerStep, optimizer, schedule } = spec.training;
    const stepsAnEpoch = Math.floor(train.length / slidesPerStep);
    const losses: number[] = [];
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = new RandomStream(seed, `order/${epoch}`).shuffled(train);
      let loss = 0;
      for (let part = 0; part < stepsAnEpoch; part++) {
        const index = epoch * stepsAnEpoch + part;
        const rate = learningRateAt({ ...optimizer, schedule }, index, epochs * stepsAnEpoch);
        loss += await learner.step(
          order.slice(part * slidesPerStep, (part + 1) * slidesPerStep),
          rate,
          index,
        );
      }
      losses.push(loss / stepsAnEpoch);
    }
    const positive = test.map(({ outcome }) => outcome.index === 1);
    const area = rocArea(await learner.scores(test), positive);
    if (area === undefined) throw new Error('The held-out slides are all of one class.');
    return { losses, auc: area.auc };
  } finally {
    await learner.close();
  }
}

interface Learner {
  /** One update by these bags. @returns their loss before it */
  step(bags: readonly TiledBag[], rate: number, index: number): Promise<number>;
  /** Probabilities of the second class. */
  scores(bags: readonly TiledBag[]): Promise<number[]>;
  close(): Promise<void>;
}

async function startLearner(
  spec: WsiTrainingJobSpec,
  classes: readonly string[],
  seed: number,
): Promise<Learner> {
  const { description, head, space } = buildModel(describeModel(spec, classes));
  const { optimizer: rule, gradientClipping = Infinity } = spec.training;
  const engine = await Engine.start({ network: description.network, threads: 1 });
  const d = embeddingSize(description.network);
  const parameters = space.initial(seed);
  const optimizer = createOptimizer(rule, space.length, space.decayRanges());
  const ofHead = (): Float32Array => parameters.slice(space.bodyLength);

  /** All bags in one call: their embeddings are means over tiles. */
  async function withEmbeddings<T>(
    bags: readonly TiledBag[],
    use: (set: ParameterSet, tiles: Uint8Array, embedded: Float64Array[]) => T | Promise<T>,
  ): Promise<T> {
    const set = engine.loadParameters('now', parameters.slice(0, space.bodyLength));
    const tiles = Buffer.concat(bags.map((bag) => bag.tiles));
    const { embeddings } = await engine.embed(set, tiles, tileCount(bags));
    const result = await use(set, tiles, means(embeddings, bags, d));
    engine.release(set);
    return result;
  }

  return {
    step: (bags, rate, index) =>
      withEmbeddings(bags, async (set, tiles, embedded) => {
        const outcomes = bags.map(({ outcome }) => outcome);
        const { loss, parameterGradient, embeddingGradients } = head.lossAndGradient(
          ofHead(),
          embedded,
          outcomes,
        );
        const cotangent = new Float32Array(tileCount(bags) * d);
        let tile = 0;
        for (const [at, { n }] of bags.entries()) {
          const share = Float32Array.from(embeddingGradients[at]!, (value) => value / n);
          for (const end = tile + n; tile < end; tile++) cotangent.set(share, tile * d);
        }
        const gradient = new Float32Array(space.length);
        gradient.set(await engine.embeddingGradient(set, tiles, tileCount(bags), cotangent));
        gradient.set(parameterGradient, space.bodyLength);
        const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
        const scale = Math.min(1, gradientClipping / norm);
        optimizer.apply(
          parameters,
          gradient.map((value) => value * scale),
          rate,
          index,
        );
        return loss;
      }),
    scores: (bags) =>
      withEmbeddings(bags, (_set, _tiles, embedded) =>
        head.predict(ofHead(), embedded).probabilities!.map((of) => of[1]!),
      ),
    close: () => engine.close(),
  };
}

async function tiledBags(
  { patches }: WsiTrainingJobSpec,
  { cases }: Cohort,
  split: 'train' | 'test',
): Promise<TiledBag[]> {
  const reader = new TileReader();
  const ofSplit = cases.filter((each) => each.split === split);
  const bags = await Promise.all(
    ofSplit.map(async ({ slides: [path], outcome }) => {
      const slide = await openSlide(path!);
      const { coordinates, count } = await tileGrid(slide, patches);
      await slide.close();
      const tiles = await reader.read({ slide: path!, patches, coordinates });
      return { tiles, n: count, outcome: caseOutcome(outcome) as TiledBag['outcome'] };
    }),
  );
  await reader.close();
  return bags;
}

function tileCount(bags: readonly TiledBag[]): number {
  return bags.reduce((sum, { n }) => sum + n, 0);
}

/** @param embeddings [n, d] of the bags' tiles, one bag after the other @returns the mean of each bag */
function means(embeddings: Float32Array, bags: readonly TiledBag[], d: number): Float64Array[] {
  let first = 0;
  return bags.map(({ n }) => {
    const start = first;
    first += n;
    return Float64Array.from({ length: d }, (_, component) => {
      let sum = 0;
      for (let tile = start; tile < start + n; tile++) sum += embeddings[tile * d + component]!;
      return sum / n;
    });
  });
}

const [encoder, seed, directory, ...settings] = process.argv.slice(2);
if (encoder === undefined || seed === undefined || directory === undefined)
  throw new Error('Usage: random-start.ts ENCODER SEED DIRECTORY [SETTING...]');
const start = { encoder: encoder as EncoderName, seed: Number(seed), directory, settings };
process.stdout.write(`${JSON.stringify(await learn(start))}\n`);
