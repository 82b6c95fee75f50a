/** The part of a prediction that reads slides and computes, in a process of its own: the predictor's pool asks it. */
import { parseQuantity } from '@wsi-operator/api';
import { Engine, type ParameterSet, type Tiles } from '@wsi-operator/engine';
import type { EmbedResult, EmbedTask } from '@wsi-operator/protocol';
import { EmbeddedParts } from '../aggregate/embedded-parts.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { planShards } from '../plan/plan.ts';
import { deviceFromEnvironment } from '../device.ts';
import { Turn } from '../turn.ts';
import { openTileSource, tileSettings, type TileSettings, type TileSource } from '../tile-source/index.ts';
import type { EmbedderResult, EmbedderTask } from './messages.ts';
import { openModel, type ModelDescription } from './open-model.ts';

export class Embedder {
  readonly #description: ModelDescription;
  readonly #engine: Engine;
  readonly #body: ParameterSet;
  readonly #source: TileSource;
  /** Blocks take turns to compute; while one does, the next reads its first tiles. */
  readonly #turn = new Turn();

  /** @throws WsiError `CheckpointInvalid`, `EngineFailed` */
  static async open(checkpoint: string): Promise<Embedder> {
    const { model, parameters } = openModel(await loadCheckpoint(checkpoint));
    const { network, threads } = model.description;
    const engine = await Engine.start({ network, threads, device: deviceFromEnvironment() });
    return new Embedder(model.description, engine, parameters.slice(0, model.space.bodyLength));
  }

  private constructor(description: ModelDescription, engine: Engine, body: Float32Array) {
    this.#description = description;
    this.#engine = engine;
    this.#body = engine.loadParameters('checkpoint', body);
    const cacheBytes = parseQuantity(description.patches.cacheBytes);
    this.#source = openTileSource(newTileSettings(description), { cacheBytes });
  }

  async do(task: EmbedderTask): Promise<EmbedderResult> {
    if ('survey' in task) return { survey: await this.#source.survey(task.survey) };
    if ('embed' in task) return { embed: await this.#embed(task.embed) };
    return { thumbnail: await this.#source.picture(task.thumbnail, task.thumbnail.side) };
  }

  async #embed(task: EmbedTask): Promise<EmbedResult> {
    const { block } = task;
    const shards = planShards(block.coordinates.byteLength / 8, this.#description.patches.batch);
    const read = (index: number): Promise<Tiles> | undefined => {
      const range = shards[index];
      if (range === undefined) return undefined;
      const reading = this.#source.read(block, range);
      // Reported where it is awaited; a read ahead that nobody awaits must not end the process.
      reading.catch(() => undefined);
      return reading;
    };
    let next = read(0);
    await next;
    return this.#turn.take(async () => {
      const parts = new EmbeddedParts(task);
      for (const [index, { start, end }] of shards.entries()) {
        const tiles = await next!;
        next = read(index + 1);
        parts.add(await this.#engine.embed(this.#body, tiles, end - start));
        this.#source.release(tiles);
      }
      return parts.result();
    });
  }

  async close(): Promise<void> {
    await this.#source.close();
    await this.#engine.close();
  }
}

/** Slides of the cohort have their annotations, as far as the files are there; new ones need none. */
function newTileSettings(description: ModelDescription): TileSettings {
  const { patches } = description;
  const { annotations } = patches.tissue;
  if (annotations === undefined) return tileSettings(description);
  return { ...patches, tissue: { ...patches.tissue, annotations: { ...annotations, missing: 'detect' } } };
}
