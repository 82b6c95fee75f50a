/** The part of a prediction that reads slides and computes, in a process of its own: the predictor's pool asks it. */
import { parseQuantity } from '@wsi-operator/api';
import { Engine, type ParameterSet } from '@wsi-operator/engine';
import { releaseBytes } from '@wsi-operator/foundation';
import { int32From, type EmbedResult, type EmbedTask } from '@wsi-operator/protocol';
import { openSlide, TileReader, type Pixels } from '@wsi-operator/slides';
import { EmbeddedParts } from '../aggregate/embedded-parts.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { planShards } from '../plan/plan.ts';
import { deviceFromEnvironment } from '../device.ts';
import { Turn } from '../turn.ts';
import { normaliseStain, statementOf, surveySlide, type SurveyOptions } from '../worker/survey-slide.ts';
import type { EmbedderResult, EmbedderTask } from './messages.ts';
import { openModel, type ModelDescription } from './open-model.ts';

export class Embedder {
  readonly #description: ModelDescription;
  readonly #engine: Engine;
  readonly #body: ParameterSet;
  readonly #reader: TileReader;
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
    this.#reader = new TileReader({ cacheBytes, concurrency: 2 });
  }

  async do(task: EmbedderTask): Promise<EmbedderResult> {
    if ('survey' in task)
      return { survey: await surveySlide(task.survey, newSlidePatches(this.#description)) };
    if ('embed' in task) return { embed: await this.#embed(task.embed) };
    return { thumbnail: await thumbnail(task.thumbnail.slide, task.thumbnail.side) };
  }

  async #embed(task: EmbedTask): Promise<EmbedResult> {
    const { patches } = this.#description;
    const { slide, stain } = task.block;
    const stated = statementOf(task.block.stated);
    const coordinates = int32From(task.block.coordinates);
    const shards = planShards(coordinates.length / 2, patches.batch);
    const read = (index: number): Promise<Uint8Array> | undefined => {
      const range = shards[index];
      if (range === undefined) return undefined;
      const part = coordinates.subarray(range.start * 2, range.end * 2);
      const reading = this.#reader.read({ slide, stated, patches, coordinates: part }).then((tiles) => {
        normaliseStain(tiles, stain);
        return tiles;
      });
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
        releaseBytes(tiles);
      }
      return parts.result();
    });
  }

  async close(): Promise<void> {
    await this.#reader.close();
    await this.#engine.close();
  }
}

/** Slides of the cohort have their annotations, as far as the files are there; new ones need none. */
function newSlidePatches({ patches }: ModelDescription): SurveyOptions {
  const { annotations } = patches.tissue;
  if (annotations === undefined) return patches;
  return { ...patches, tissue: { ...patches.tissue, annotations: { ...annotations, missing: 'detect' } } };
}

async function thumbnail(path: string, side: number): Promise<Pixels> {
  const slide = await openSlide(path);
  try {
    return await slide.thumbnail(side);
  } finally {
    await slide.close();
  }
}
