/**
 * Tiles of slides as rows of features: an encoder that does not learn embeds every tile of a slide once, and the rows are kept
 * as a file. A file that is missing is made again from the slide, with the same numbers, so that any process can do any task.
 */
import { rm } from 'node:fs/promises';
import type { EncoderName } from '@wsi-operator/api';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { int32From, type SurveyResult, type Task, type TileBlock } from '@wsi-operator/protocol';
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

/** Files whose places are kept: 8 bytes a tile. */
const PLACES_OF_FILES = 64;

type Statement = NonNullable<Task['survey']>['stated'];

export class FrozenTiles implements TileSource {
  readonly #kind: FeatureKind;
  readonly #settings: FrozenSettings;
  readonly #options: TileSourceOptions;
  readonly #timed: NonNullable<TileSourceOptions['timed']>;
  readonly #slides: SlideTiles;
  readonly #rows: FeatureTiles;
  /** Where the tiles of the files used last lie. */
  readonly #places = new Map<string, Int32Array>();
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
    return { open, read: read + this.#rows.seconds.read, decode };
  }

  /** Embeds them, too, so that a survey spreads the work over the workers that share a store. */
  async survey(task: NonNullable<Task['survey']>): Promise<SurveyResult> {
    const surveyed = await this.#slides.survey(task);
    // The slide may be another than when it was embedded.
    this.#files.delete(task.slide);
    await this.#timed(() => this.#made(task.slide, task.stated, surveyed));
    return surveyed;
  }

  async read(block: TileBlock, range: BlockRange): Promise<Float32Array> {
    const { slide, stated } = block;
    const made = await this.#made(slide, stated);
    try {
      return await this.#read(block, range, made);
    } catch (thrown) {
      // What is wrong with the file is not the slide's fault.
      const error = WsiError.from(thrown);
      if (!isSlideFault(error)) throw error;
      this.#options.logger?.info({ slide, file: made.file, error }, 'features cannot be read');
      // One that another process has made since is not the one that could not be read.
      if (await isStill(made)) await rm(made.file, { force: true });
    }
    this.#files.delete(slide);
    const again = await this.#made(slide, stated);
    try {
      return await this.#read(block, range, again);
    } catch (thrown) {
      const error = WsiError.from(thrown);
      throw isSlideFault(error) ? changing(again.file, error) : error;
    }
  }

  /** @throws WsiError like a slide's when the file is another by now, `StorageFailed` when it is of other tiles */
  async #read(block: TileBlock, range: BlockRange, { file, identity }: Made): Promise<Float32Array> {
    const rows = await this.#rows.read({ ...block, slide: file }, range, identity.version);
    await this.#requireSameTiles(block, range, file);
    if (sameIdentity(identity, await identifySlide(file))) return rows;
    throw new WsiError('SlideUnreadable', publicText`the file was replaced while it was read`, {
      where: file,
    });
  }

  /** Rows are known by their places only: of other tiles they would look as good. */
  async #requireSameTiles(
    { coordinates, first = 0, slide }: TileBlock,
    { start, end }: BlockRange,
    file: string,
  ): Promise<void> {
    const places = this.#places.get(file) ?? (await this.#rows.places(file));
    this.#places.delete(file);
    this.#places.set(file, places);
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_OF_FILES && oldest !== undefined) this.#places.delete(oldest);
    const wanted = int32From(coordinates).subarray(start * 2, end * 2);
    const there = places.subarray((first + start) * 2, (first + end) * 2);
    if (wanted.length === there.length && wanted.every((place, at) => place === there[at])) return;
    throw new WsiError('StorageFailed', publicText`the features are of other tiles than those of the run`, {
      where: file,
      remedy: `Restore ${slide} and its annotations as they were when the run began, or start it again in another output.`,
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
    await Promise.all([this.#slides.close(), this.#rows.close()]);
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
    this.#places.delete(file);
    return { file, identity: await identityOf(file) };
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

/** @throws WsiError `StorageFailed` when it is gone again */
async function identityOf(file: string): Promise<SlideIdentity> {
  try {
    return await identifySlide(file);
  } catch (error) {
    throw changing(file, error);
  }
}

async function isStill({ file, identity }: Made): Promise<boolean> {
  return identifySlide(file).then(
    (now) => sameIdentity(identity, now),
    () => false,
  );
}

function changing(file: string, cause: unknown): WsiError {
  return new WsiError(
    'StorageFailed',
    publicText`the features of a slide cannot be read, or change while they are`,
    {
      where: file,
      remedy: publicText`Check the disk, let nothing else write into the directory of features of a run, and resume the run.`,
      cause,
    },
  );
}
