/** A trained model applied to slides, in this process: what `wsi predict` does. Memory: one shard and d numbers. */
import { parseQuantity } from '@wsi/api';
import { Engine, type ParameterSet } from '@wsi/engine';
import { openSlide, TileReader, tileGrid, type TileGrid } from '@wsi/slides';
import { bagOf, partialOf } from '../aggregate/partial.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { buildModel, type Model, type ModelDescription } from '../coordinator/model.ts';
import { planShards } from '../coordinator/plan.ts';
import { deviceFromEnvironment } from '../device.ts';
import { instancePredict } from '../heads/index.ts';

export interface SlidePrediction {
  readonly slide: string;
  /** Cox: the log hazard ratio; two classes: the probability of the second; more: the largest probability. */
  readonly score: number;
  /** By class name. */
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly grid: TileGrid;
  /** float32 [tiles]: attention weights (they sum to 1), or the tiles' own scores; empty for the mean aggregator. */
  readonly tileScores: Float32Array;
}

export class Predictor {
  readonly description: ModelDescription;
  readonly #model: Model;
  readonly #engine: Engine;
  readonly #body: ParameterSet;
  readonly #head: Float32Array;
  readonly #reader: TileReader;

  /** @param checkpoint a directory `step-XXXXXXXX` @throws WsiError `CheckpointInvalid` */
  static async open(checkpoint: string): Promise<Predictor> {
    const { cursor, tensors, path } = await loadCheckpoint(checkpoint);
    const model = buildModel(cursor.model as ModelDescription);
    const parameters = model.space.flat(tensors, path);
    const { network, threads } = model.description;
    const engine = await Engine.start({
      network,
      threads,
      device: deviceFromEnvironment(),
    });
    return new Predictor(model, engine, parameters);
  }

  private constructor(model: Model, engine: Engine, parameters: Float32Array) {
    this.description = model.description;
    this.#model = model;
    this.#engine = engine;
    this.#body = engine.loadParameters('checkpoint', parameters.slice(0, model.space.bodyLength));
    this.#head = parameters.slice(model.space.bodyLength);
    const { cacheBytes } = model.description.patches;
    this.#reader = new TileReader({ cacheBytes: parseQuantity(cacheBytes), concurrency: 2 });
  }

  /** @param onTiles called with the number of tiles done, for progress */
  async predict(
    path: string,
    onTiles: (done: number, of: number) => void = () => undefined,
  ): Promise<SlidePrediction> {
    const { patches, network, classes } = this.description;
    const slide = await openSlide(path);
    const grid = await tileGrid(slide, patches).finally(() => slide.close());
    const gather = network.aggregator.name === 'instance';
    const partials: ReturnType<typeof partialOf>[] = [];
    const attention: Float32Array[] = [];
    const embeddings: Float32Array[] = [];
    for (const { start, end } of planShards(grid.count, patches.batch)) {
      const coordinates = grid.coordinates.subarray(start * 2, end * 2);
      const tiles = await this.#reader.read({ slide: path, patches, coordinates });
      const shard = await this.#engine.embed(this.#body, tiles, end - start);
      partials.push(partialOf(shard.attention, shard.embeddings));
      attention.push(shard.attention);
      if (gather) embeddings.push(shard.embeddings);
      onTiles(end, grid.count);
    }
    if (gather) {
      const { score, probabilities, tileScores } = instancePredict(
        this.#model.head,
        this.#head,
        concat(embeddings),
      );
      return {
        slide: path,
        score,
        probabilities: named(classes, probabilities),
        grid,
        tileScores: Float32Array.from(tileScores),
      };
    }
    const bag = bagOf(partials);
    const { scores, probabilities } = this.#model.head.predict(this.#head, [bag.embedding]);
    return {
      slide: path,
      score: scores[0]!,
      ...(probabilities === undefined ? {} : { probabilities: named(classes, probabilities[0]!) }),
      grid,
      tileScores:
        network.aggregator.name === 'attention'
          ? concat(attention).map((score) => Math.exp(score - bag.logSumExp))
          : new Float32Array(0),
    };
  }

  async close(): Promise<void> {
    await this.#reader.close();
    await this.#engine.close();
  }
}

function named(classes: readonly string[], probabilities: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, index) => [name, probabilities[index]!]));
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
