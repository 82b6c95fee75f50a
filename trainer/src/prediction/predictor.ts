/** A trained model applied to bags of slides, with embedding processes: what `wsi predict` does. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { int32From, type StatedResolution } from '@wsi-operator/protocol';
import { identifySlide, type Pixels } from '@wsi-operator/slides';
import { scoreBag } from '../scoring/score-bag.ts';
import type { TaskPool } from '../scoring/task-pool.ts';
import type { SurveyedSlide } from '../plan/surveyed-slide.ts';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { slideBlocks } from '../plan/bags.ts';
import type { ScoredBag } from '../aggregators/index.ts';
import { splitOfCase, type KnownCases, type KnownSplit } from '../plan/known-cases.ts';
import { positiveIndex, type Model } from '../plan/model.ts';
import { ProcessPool } from '../processes/process-pool.ts';
import { isSlideFault } from '../slide-files/slide-fault.ts';
import { requireSameFile } from '../slide-files/slide-files.ts';
import { TemporaryFeatureStore, type PicturedSlide } from '../tile-source/index.ts';
import type { EmbedderWork } from './messages.ts';
import { openModel, type ModelDescription } from './open-model.ts';
import { TaskFailed } from './task-failed.ts';

/** What one prediction is for. */
export interface BagToPredict {
  readonly bag: string;
  readonly patient?: string;
  /** Paths, sorted: their order is that of the sums. */
  readonly slides: readonly string[];
  /** By path, resolutions that a table states; for the others what is stated for all. */
  readonly stated?: Readonly<Record<string, StatedResolution>>;
}

export interface PredictedSlide extends SurveyedSlide {
  /** float32 [tiles]: attention weights (they sum to 1 over the bag) or scores; empty for the mean aggregator. */
  readonly tileScores: Float32Array;
}

export interface SlideFailure {
  readonly slide: string;
  readonly error: WsiError;
}

export interface BagPrediction extends ScoredBag {
  readonly bag: BagToPredict;
  /** Those that the score is of. */
  readonly slides: readonly PredictedSlide[];
  readonly tiles: number;
  /** On which side of the training's split patient or slides were; undefined for new ones. */
  readonly split: KnownSplit | undefined;
}

export interface BagResult {
  /** Undefined when none of its slides can be used. */
  readonly prediction?: BagPrediction;
  readonly failures: readonly SlideFailure[];
}

const ENTRY = new URL('./embedder-main.ts', import.meta.url);

export class Predictor {
  readonly checkpoint: string;
  readonly parametersSha256: string;
  readonly step: number;
  readonly description: ModelDescription;
  /** Undefined for a checkpoint of a version that did not write it down. */
  readonly known: KnownCases | undefined;
  readonly #identity: string;
  readonly #model: Model;
  /** The resolution that is stated for all slides. */
  readonly stated: StatedResolution | undefined;
  readonly #head: Float32Array;
  /** Of slides that are being scored. */
  readonly #features: TemporaryFeatureStore | undefined;
  #embedders: { readonly pool: ProcessPool<EmbedderWork>; readonly processes: number } | undefined;

  /** @param checkpoint a directory `step-XXXXXXXX` @throws WsiError `CheckpointInvalid` */
  static async open(checkpoint: string, stated?: StatedResolution): Promise<Predictor> {
    const loaded = await loadCheckpoint(checkpoint);
    const { model, parameters } = openModel(loaded);
    const features = model.description.frozen === undefined ? undefined : await TemporaryFeatureStore.make();
    return new Predictor({ ...loaded, stated, features }, model, parameters.slice(model.space.bodyLength));
  }

  private constructor(
    {
      path,
      cursor,
      stated,
      features,
    }: Awaited<ReturnType<typeof loadCheckpoint>> & {
      readonly stated: StatedResolution | undefined;
      readonly features: TemporaryFeatureStore | undefined;
    },
    model: Model,
    head: Float32Array,
  ) {
    this.stated = stated;
    this.#features = features;
    this.checkpoint = path;
    this.parametersSha256 = cursor.parametersSha256;
    this.step = cursor.step;
    this.description = model.description;
    this.known = cursor.cohort;
    this.#identity = cursor.identity;
    this.#model = model;
    this.#head = head;
  }

  /**
   * Starts the processes that compute. The result does not depend on their number.
   * @param devices GPUs, of which each process gets one
   */
  start(processes: number, devices: readonly string[] = []): this {
    this.#embedders ??= {
      pool: new ProcessPool({
        entry: ENTRY,
        opening: {
          checkpoint: this.checkpoint,
          ...(this.#features === undefined ? {} : { place: this.#features.place }),
        },
        processes,
        prefix: 'wsi-predict-',
        stopped: publicText`the prediction was stopped`,
        devices,
      }),
      processes,
    };
    return this;
  }

  /** The class that a score is the probability of; undefined where it is that of no particular one. */
  get positive(): string | undefined {
    const index = positiveIndex(this.description);
    return index === undefined ? undefined : this.description.classes[index];
  }

  get processes(): number {
    return this.#embedders?.processes ?? 0;
  }

  get #pool(): ProcessPool<EmbedderWork> {
    if (this.#embedders === undefined)
      throw new WsiError('Internal', publicText`the predictor was not started`);
    return this.#embedders.pool;
  }

  /**
   * Never throws for what is wrong with a slide: a bag is scored without it.
   * @param index of the bag: the first ones go first
   * @param onTiles called with a number of tiles that were embedded
   * @throws WsiError of what is wrong with everything: the engine, or `Cancelled`
   */
  async predict(
    bag: BagToPredict,
    index: number,
    onTiles: (tiles: number) => void = () => undefined,
  ): Promise<BagResult> {
    try {
      return await this.#predict(bag, index, onTiles);
    } finally {
      await this.#features?.remove(bag.slides);
    }
  }

  async #predict(bag: BagToPredict, index: number, onTiles: (tiles: number) => void): Promise<BagResult> {
    const failures = new Map<string, WsiError>();
    const surveyed = await Promise.all(
      bag.slides.map((slide) =>
        this.#survey(slide, index, bag.stated?.[slide] ?? this.stated).catch((error: unknown) =>
          fail(failures, slide, error),
        ),
      ),
    );
    let slides = surveyed.filter((slide) => slide !== undefined);
    while (slides.length > 0) {
      const pool = this.#taskPool(index, onTiles);
      try {
        const scored = await this.#score(slides, index, pool);
        await Promise.all(slides.map(({ slide, file }) => requireSameFile(slide, file)));
        return { prediction: this.#prediction(bag, slides, scored), failures: listed(failures) };
      } catch (thrown) {
        const error = WsiError.from(thrown);
        const [path, reason] =
          error instanceof TaskFailed ? [error.slide, error.reason] : [error.where ?? '', error];
        if (!slides.some(({ slide }) => slide === path)) throw reason;
        fail(failures, path, reason);
        slides = slides.filter(({ slide }) => slide !== path);
      }
    }
    return { failures: listed(failures) };
  }

  /** What a heatmap of the slide is drawn on, made by one of the processes. */
  async thumbnail({ slide, width, height }: PicturedSlide, side: number, index: number): Promise<Pixels> {
    const { thumbnail } = await this.#pool.run({
      task: { thumbnail: { slide, width, height, side } },
      slide,
      priority: index,
    });
    if (thumbnail === undefined)
      throw new WsiError('Internal', publicText`a thumbnail task returned something else`);
    return thumbnail;
  }

  close(): void {
    this.#embedders?.pool.close();
    // What is left in the directory for temporary files does no harm.
    void this.#features?.close().catch(() => undefined);
  }

  async #survey(
    slide: string,
    index: number,
    statement: StatedResolution | undefined,
  ): Promise<SurveyedSlide> {
    const stated = statement === undefined ? {} : { stated: statement };
    // The survey reports more about a missing file.
    const file = await identifySlide(slide).catch(() => undefined);
    const { survey } = await this.#pool.run({
      task: { survey: { slide, ...stated } },
      slide,
      priority: index,
    });
    if (survey === undefined)
      throw new WsiError('Internal', publicText`a survey task returned something else`);
    const coordinates = int32From(survey.coordinates);
    const { fingerprint, digest, width, height, picture, detail, colours } = survey;
    return {
      ...stated,
      ...(survey.stain ? { stain: survey.stain } : {}),
      ...{ slide, coordinates, fingerprint, digest, width, height },
      tiles: coordinates.length / 2,
      footprint: { x: survey.footprintX, y: survey.footprintY },
      signature: { picture, detail, colours },
      file: file ?? (await identifySlide(slide)),
    };
  }

  #taskPool(index: number, onTiles: (tiles: number) => void): TaskPool {
    return {
      run: async ({ embed }, { subject }) => {
        if (embed === undefined) throw new WsiError('Internal', publicText`a prediction only embeds`);
        try {
          const result = await this.#pool.run({ task: { embed }, slide: subject, priority: index });
          onTiles(embed.block.coordinates.byteLength / 8);
          return result;
        } catch (error) {
          throw new TaskFailed(subject, WsiError.from(error));
        }
      },
    };
  }

  #score(slides: readonly SurveyedSlide[], index: number, pool: TaskPool): Promise<ScoredBag> {
    const { patches, network } = this.description;
    return scoreBag(
      { blocks: slides.flatMap((slide) => slideBlocks(slide, patches)) },
      index,
      {
        head: this.#model.head,
        aggregator: network.aggregator.name,
        headParameters: this.#head,
        positive: positiveIndex(this.description),
      },
      { pool, name: 'predict', version: 0, priority: index, tileScores: true },
    );
  }

  #prediction(bag: BagToPredict, slides: readonly SurveyedSlide[], scored: ScoredBag): BagPrediction {
    let start = 0;
    const predicted = slides.map((slide) => {
      const tileScores = scored.tileScores.subarray(start, start + slide.tiles);
      start += slide.tiles;
      return { ...slide, tileScores };
    });
    const fingerprints = slides.map(({ fingerprint }) => fingerprint);
    const { patient } = bag;
    const split =
      this.known === undefined
        ? undefined
        : splitOfCase(this.known, this.#identity, { patient, fingerprints });
    return { ...scored, bag, slides: predicted, tiles: start, split };
  }
}

/** @throws WsiError when it is not the slide's fault */
function fail(failures: Map<string, WsiError>, slide: string, thrown: unknown): undefined {
  const error = WsiError.from(thrown);
  if (!isSlideFault(error)) throw error;
  failures.set(slide, error);
  return undefined;
}

function listed(failures: ReadonlyMap<string, WsiError>): SlideFailure[] {
  return [...failures].map(([slide, error]) => ({ slide, error }));
}
