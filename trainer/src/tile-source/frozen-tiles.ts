/**
 * Tiles of slides as rows of features: an encoder that does not learn embeds every tile of a slide once, and the rows are kept
 * as a file. A file that is missing is made again from the slide, with the same numbers, so that any process can do any task.
 */
import { rm } from 'node:fs/promises';
import type { EncoderName } from '@wsi-operator/api';
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { SurveyResult, Task, TileBlock } from '@wsi-operator/protocol';
import { identifySlide, sameIdentity, type Pixels, type SlideIdentity } from '@wsi-operator/slides';
import { SlideExtractor } from '../extraction/slide-extractor.ts';
import type { ExtractedPatches } from '../extraction/messages.ts';
import type { ReadingSeconds } from '../measurement/stopwatch.ts';
import type { BlockRange } from '../plan/plan.ts';
import { programVersion } from '../program-version.ts';
import { isSlideFault } from '../slide-files/slide-fault.ts';
import type { FeatureKind } from './feature-kind.ts';
import { OpenFeatureStore, type FeatureStorePlace } from './feature-store.ts';
import { FeatureTiles } from './feature-tiles.ts';
import { once } from './once.ts';
import { SlideTiles } from './slide-tiles.ts';
import type { PicturedSlide, TileSource, TileSourceOptions } from './tile-source.ts';

/** An encoder that does not learn, and what it embeds. */
export interface FrozenSettings {
  readonly encoder: EncoderName;
  /** A safetensors file, also in S3. */
  readonly weights: string;
  /** How slides are cut; the batch is that of the encoder. */
  readonly patches: ExtractedPatches;
  /** Absent: every process keeps its own. */
  readonly place?: FeatureStorePlace;
}

/** Of tiles that are about to be embedded: those of one slide do not come twice. */
const TILE_CACHE = 0;

/** A file of features, as it was when it was made or found. */
interface Made {
  readonly file: string;
  readonly identity: SlideIdentity;
}

type Statement = NonNullable<Task['survey']>['stated'];

export class FrozenTiles implements TileSource {
  readonly #kind: FeatureKind;
  readonly #settings: FrozenSettings;
  readonly #options: TileSourceOptions;
  readonly #timed: NonNullable<TileSourceOptions['timed']>;
  readonly #slides: SlideTiles;
  #rows: FeatureTiles;
  /** Still in use by what has begun to read. */
  readonly #retired: FeatureTiles[] = [];
  /** Of the slides whose features this process has made or found. */
  readonly #files = new Map<string, Promise<Made>>();
  /** A process that only looks at slides needs neither. */
  readonly #extractor = once(() => this.#openExtractor());
  readonly #store = once(() => OpenFeatureStore.open(this.#settings.place));

  constructor(kind: FeatureKind, settings: FrozenSettings, options: TileSourceOptions) {
    this.#kind = kind;
    this.#settings = settings;
    this.#options = options;
    this.#timed = options.timed ?? ((work) => work());
    this.#slides = new SlideTiles(settings.patches, { ...options, cacheBytes: TILE_CACHE });
    this.#rows = new FeatureTiles(kind, options);
  }

  get seconds(): ReadingSeconds {
    const { open, read, decode } = this.#slides.seconds;
    const rows = [this.#rows, ...this.#retired].map((source) => source.seconds.read);
    return { open, read: rows.reduce((sum, of) => sum + of, read), decode };
  }

  /** Embeds them, too, so that whoever surveys a cohort spreads the work over its workers. */
  async survey(task: NonNullable<Task['survey']>): Promise<SurveyResult> {
    const surveyed = await this.#slides.survey(task);
    await this.#timed(() => this.#made(task.slide, task.stated, surveyed));
    return surveyed;
  }

  async read(block: TileBlock, range: BlockRange): Promise<Float32Array> {
    const { slide, stated } = block;
    const made = await this.#made(slide, stated);
    try {
      const rows = await this.#rows.read({ ...block, slide: made.file }, range);
      if (sameIdentity(made.identity, await identifySlide(made.file))) return rows;
    } catch (thrown) {
      // What is wrong with the file is not the slide's fault.
      const error = WsiError.from(thrown);
      if (!isSlideFault(error)) throw error;
      this.#options.logger?.info({ slide, file: made.file, error }, 'features cannot be read');
      await rm(made.file, { force: true });
    }
    return this.#readAgain(block, range);
  }

  /** Another process has written the file, too, or somebody has changed it: nothing of what was read before counts. */
  async #readAgain(block: TileBlock, range: BlockRange): Promise<Float32Array> {
    const { slide, stated } = block;
    this.#files.delete(slide);
    this.#retired.push(this.#rows);
    this.#rows = new FeatureTiles(this.#kind, this.#options);
    const { file, identity } = await this.#made(slide, stated);
    const rows = await this.#rows.read({ ...block, slide: file }, range);
    if (sameIdentity(identity, await identifySlide(file))) return rows;
    throw new WsiError('StorageFailed', publicText`the features change while they are read`, {
      where: file,
      remedy: publicText`Let nothing else write into the directory of features of a run, and resume the run.`,
    });
  }

  get tileBytes(): number {
    return this.#rows.tileBytes;
  }

  /** Of rows; the extraction reads ahead by itself. */
  growTo(): void {
    return undefined;
  }

  release(): number {
    return this.#rows.release();
  }

  fingerprint(slide: string): Promise<string> {
    return this.#slides.fingerprint(slide);
  }

  picture(slide: PicturedSlide, side: number): Promise<Pixels> {
    return this.#slides.picture(slide, side);
  }

  async close(): Promise<void> {
    await Promise.all([this.#slides, this.#rows, ...this.#retired].map((source) => source.close()));
    await (await this.#extractor.started)?.close();
    await (await this.#store.started)?.close();
  }

  #made(slide: string, stated: Statement, surveyed?: SurveyResult): Promise<Made> {
    const known = this.#files.get(slide) ?? this.#extract(slide, stated, surveyed);
    this.#files.set(slide, known);
    // The next task tries again.
    known.catch(() => this.#files.delete(slide));
    return known;
  }

  async #extract(slide: string, stated: Statement, surveyed?: SurveyResult): Promise<Made> {
    const store = await this.#store.get();
    const file = store.fileOf(slide);
    const extractor = await this.#extractor.get();
    const task = { slide, file, ...(stated === undefined || stated === null ? {} : { stated }) };
    const started = performance.now();
    const { tiles, kept } = await extractor.do(task, undefined, surveyed);
    const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
    if (!kept) this.#options.logger?.info({ slide, tiles, seconds, shared: store.shared }, 'slide embedded');
    return { file, identity: await identifySlide(file) };
  }

  #openExtractor(): Promise<SlideExtractor> {
    const { encoder, weights, patches } = this.#settings;
    const { encoderDigest: digest = '' } = this.#kind;
    return SlideExtractor.open({
      source: { encoder, parameters: { weights } },
      digest,
      patches,
      cacheBytes: TILE_CACHE,
      layout: 'trident',
      // What is there with other numbers is of an earlier version of the job.
      overwrite: true,
      store: this.#options.store?.settings ?? {},
      toolVersion: programVersion(),
    });
  }
}
