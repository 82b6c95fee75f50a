/** The part of a prediction that reads slides and computes, in a process of its own: the predictor's pool asks it. */
import { parseQuantity } from '@wsi-operator/api';
import { Engine, type ParameterSet } from '@wsi-operator/engine';
import type { EmbedResult, EmbedTask } from '@wsi-operator/protocol';
import { EmbeddedParts } from '../aggregate/embedded-parts.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { planShards } from '../plan/plan.ts';
import { deviceFromEnvironment } from '../device.ts';
import { Feeding } from '../feeding/feeding.ts';
import { ShardQueue } from '../feeding/shard-queue.ts';
import { TASKS_PER_PROCESS } from '../processes/messages.ts';
import { Turn } from '../turn.ts';
import {
  kept,
  openTileSource,
  tileSettings,
  type FeatureStorePlace,
  type TileSettings,
  type TileSource,
} from '../tile-source/index.ts';
import type { EmbedderResult, EmbedderTask } from './messages.ts';
import { openModel, type ModelDescription } from './open-model.ts';

export class Embedder {
  readonly #description: ModelDescription;
  readonly #engine: Engine;
  readonly #body: ParameterSet;
  readonly #source: TileSource;
  readonly #feeding: Feeding;
  /** Blocks take turns to compute; while one does, the next reads its first tiles. */
  readonly #turn = new Turn();

  /** @throws WsiError `CheckpointInvalid`, `EngineFailed` */
  static async open(checkpoint: string, place?: FeatureStorePlace): Promise<Embedder> {
    const { model, parameters } = openModel(await loadCheckpoint(checkpoint));
    const { network, threads } = model.description;
    const engine = await Engine.start({ network, threads, device: deviceFromEnvironment() });
    const settings = kept(newTileSettings(model.description), place);
    return new Embedder(model.description, settings, engine, parameters.slice(0, model.space.bodyLength));
  }

  private constructor(
    description: ModelDescription,
    settings: TileSettings,
    engine: Engine,
    body: Float32Array,
  ) {
    this.#description = description;
    this.#engine = engine;
    this.#body = engine.loadParameters('checkpoint', body);
    const cacheBytes = parseQuantity(description.patches.cacheBytes);
    this.#source = openTileSource(settings, { cacheBytes });
    const shardBytes = description.patches.batch * this.#source.tileBytes;
    this.#feeding = new Feeding({ shardBytes, tasks: TASKS_PER_PROCESS, reader: this.#source });
  }

  async do(task: EmbedderTask): Promise<EmbedderResult> {
    if ('survey' in task) return { survey: await this.#source.survey(task.survey) };
    if ('embed' in task) return { embed: await this.#embed(task.embed) };
    return { thumbnail: await this.#source.picture(task.thumbnail, task.thumbnail.side) };
  }

  async #embed(task: EmbedTask): Promise<EmbedResult> {
    const { block } = task;
    const shards = planShards(block.coordinates.byteLength / 8, this.#description.patches.batch);
    const queue = new ShardQueue(this.#feeding, shards.length, async (index) => {
      const { start, end } = shards[index]!;
      return { tiles: await this.#source.read(block, { start, end }), count: end - start };
    });
    await queue.ready();
    return this.#turn.take(async () => {
      const parts = new EmbeddedParts(task);
      for (let shard = await queue.next(); shard !== undefined; shard = await queue.next()) {
        parts.add(await this.#engine.embed(this.#body, shard.tiles, shard.count));
        this.#source.release(shard.tiles);
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
  const tissue: typeof patches.tissue = {
    ...patches.tissue,
    annotations: { ...annotations, missing: 'detect' },
  };
  return tileSettings({ ...description, patches: { ...patches, tissue } });
}
