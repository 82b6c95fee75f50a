/** Writes the features of slides, one file a slide, in a process of its own: {@link Extraction} asks it. */
import { FeatureReader, FeatureWriter, type FeatureContent, type FeatureRows } from '@wsi-operator/features';
import { publicText, releaseBytes, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { int32From, type SurveyResult } from '@wsi-operator/protocol';
import { identifySlide, openSlide, S3Store, TileReader, type Slide } from '@wsi-operator/slides';
import type { TileEncoder } from '@wsi-operator/tile-encoder';
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Feeding } from '../feeding/feeding.ts';
import { ShardQueue } from '../feeding/shard-queue.ts';
import { planShards } from '../plan/plan.ts';
import { TASKS_PER_PROCESS } from '../processes/messages.ts';
import { requireSameFile } from '../slide-files/slide-files.ts';
import { Turn } from '../turn.ts';
import { normaliseStain, statementOf, surveySlide } from '../worker/survey-slide.ts';
import { startEncoder } from './encoder-source.ts';
import { patchesKey, requireSameFeatures } from './feature-key.ts';
import type { ExtractedSlide, ExtractionSettings, SlideToExtract } from './messages.ts';

/** Rows that are handed to the file at once, so that memory is bounded whatever a slide's size. */
const ROWS_AT_ONCE = 256;
/** Pixels of a slide are square, as all layouts take them for, up to this part. */
const SQUARE = 0.01;

export class SlideExtractor {
  readonly #settings: ExtractionSettings;
  readonly #encoder: TileEncoder;
  readonly #store: S3Store;
  readonly #reader: TileReader;
  readonly #feeding: Feeding;
  readonly #files = new FeatureReader();
  readonly #writer = new FeatureWriter();
  /** Slides take turns to compute; while one does, the next is surveyed and reads its first tiles. */
  readonly #turn = new Turn();

  /** @throws WsiError of the encoder; `WeightsInvalid` when it is another by now */
  static async open(settings: ExtractionSettings): Promise<SlideExtractor> {
    const store = new S3Store(settings.store);
    const encoder = await startEncoder(settings.source, settings.patches.size, store);
    if (encoder.digest !== settings.digest) {
      throw new WsiError('WeightsInvalid', publicText`the encoder changed after the extraction had begun`, {
        remedy: publicText`Restore its file, or start again with another --output.`,
      });
    }
    return new SlideExtractor(settings, encoder, store);
  }

  private constructor(settings: ExtractionSettings, encoder: TileEncoder, store: S3Store) {
    this.#settings = settings;
    this.#encoder = encoder;
    this.#store = store;
    this.#reader = new TileReader({ cacheBytes: settings.cacheBytes, concurrency: 1, store });
    const shardBytes = settings.patches.batch * settings.patches.size ** 2 * 3;
    this.#feeding = new Feeding({ shardBytes, tasks: TASKS_PER_PROCESS, reader: this.#reader });
  }

  /**
   * @param surveyed the slide's tiles, where they were found already
   * @throws WsiError that names the slide or the file
   */
  async do(
    task: SlideToExtract,
    onTiles: (tiles: number) => void = () => undefined,
    surveyed?: SurveyResult,
  ): Promise<ExtractedSlide> {
    const file = await identifySlide(task.slide, this.#store);
    const slide = await openSlide(task.slide, { stated: statementOf(task.stated), store: this.#store });
    try {
      const key = await this.#keyOf(task, slide);
      const before = await this.#before(task.file, key);
      if (before !== undefined) return { tiles: before, kept: true, notes: [] };
      const { stated } = task;
      const { patches } = this.#settings;
      // One of another file of this name says where the tiles of that one are.
      const survey =
        (surveyed?.fingerprint === slide.fingerprint ? surveyed : undefined) ??
        (await surveySlide({ slide: task.slide, ...(stated === undefined ? {} : { stated }) }, patches, {
          store: this.#store,
        }));
      const content = this.#contentOf(slide, survey, key);
      const coordinates = int32From(survey.coordinates);
      const notes = [...survey.notes, ...(slide.mpp === undefined ? [NO_MAGNIFICATION] : [])];
      await this.#write(task, { content, coordinates, stain: survey.stain, file, onTiles });
      return { tiles: coordinates.length / 2, kept: false, notes };
    } finally {
      await slide.close();
    }
  }

  async #keyOf(task: SlideToExtract, { fingerprint }: Slide): Promise<FeatureContent['key']> {
    const { patches, toolVersion } = this.#settings;
    return {
      encoder: this.#encoder.name,
      encoderDigest: this.#encoder.digest,
      patches: await patchesKey(task, patches, this.#store),
      slideFingerprint: fingerprint,
      toolVersion,
    };
  }

  /** The rows of the file that is there, if it has these features. @throws WsiError when it has others */
  async #before(file: string, key: FeatureContent['key']): Promise<number | undefined> {
    const { layout, overwrite } = this.#settings;
    if (!(await isThere(file))) return undefined;
    try {
      const found = await this.#files.describe(file);
      requireSameFeatures(file, found, key, layout);
      return found.rows;
    } catch (error) {
      if (overwrite) return undefined;
      throw error;
    }
  }

  #contentOf(slide: Slide, survey: SurveyResult, key: FeatureContent['key']): FeatureContent {
    const { patches, layout } = this.#settings;
    const { size, stride = size } = patches;
    const { footprintX, footprintY, width, height } = survey;
    requireSquare(slide, footprintX, footprintY);
    const { mpp } = slide;
    const level0Mpp = mpp && (mpp.x + mpp.y) / 2;
    return {
      layout,
      size: this.#encoder.size,
      key,
      slide: basename(slide.path, extname(slide.path)),
      width,
      height,
      tile: {
        side: size,
        level0Side: footprintX,
        // Tiles that are apart do not overlap either.
        overlap: Math.max(0, size - stride),
        ...(level0Mpp === undefined
          ? {}
          : { resolution: { level0Mpp, mpp: (level0Mpp * footprintX) / size } }),
      },
    };
  }

  async #write(task: SlideToExtract, slide: SurveyedTiles): Promise<void> {
    const { coordinates } = slide;
    const shards = planShards(coordinates.length / 2, this.#settings.patches.batch);
    const queue = new ShardQueue(this.#feeding, shards.length, (index) =>
      this.#read(task, slide, coordinates.subarray(shards[index]!.start * 2, shards[index]!.end * 2)),
    );
    await queue.ready();
    const embed = async function* (encoder: TileEncoder): AsyncGenerator<FeatureRows> {
      const waiting: Float32Array[] = [];
      let start = 0;
      for (const [index, range] of shards.entries()) {
        const tiles = (await queue.next())!;
        waiting.push(await encoder.embed(tiles, range.end - range.start));
        releaseBytes(tiles);
        slide.onTiles(range.end - range.start);
        if (range.end - start < ROWS_AT_ONCE && index + 1 < shards.length) continue;
        const part = coordinates.subarray(start * 2, range.end * 2);
        yield { features: joined(waiting), coordinates: Float64Array.from(part) };
        waiting.length = 0;
        start = range.end;
      }
      // Before the file has its name: of a slide that was replaced meanwhile there is no file.
      await requireSameFile(task.slide, slide.file);
    };
    await this.#turn.take(() =>
      this.#writer.write(
        task.file,
        slide.content,
        embed(this.#encoder),
        // Another process may have made it meanwhile: whoever reads it should not find another file.
        async () => (await this.#before(task.file, slide.content.key)) !== undefined,
      ),
    );
  }

  async #read(
    { slide, stated }: SlideToExtract,
    { stain }: SurveyedTiles,
    coordinates: Int32Array,
  ): Promise<Uint8Array> {
    const { patches } = this.#settings;
    const tiles = await this.#reader.read({ slide, stated: statementOf(stated), patches, coordinates });
    normaliseStain(tiles, stain);
    return tiles;
  }

  async close(): Promise<void> {
    await Promise.all([this.#reader.close(), this.#files.close(), this.#writer.close()]);
    await this.#encoder.close();
    await this.#store.close();
  }
}

const NO_MAGNIFICATION =
  'the slide does not say its resolution: the file has no magnification (state it with --slide-mpp, or in the table)';

interface SurveyedTiles {
  readonly content: FeatureContent;
  /** int32 [N, 2], level-0 pixels. */
  readonly coordinates: Int32Array;
  readonly stain: SurveyResult['stain'];
  /** As it was before it was surveyed. */
  readonly file: Awaited<ReturnType<typeof identifySlide>>;
  readonly onTiles: (tiles: number) => void;
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw WsiError.from(error, 'StorageFailed', { where: file });
  }
}

/** A file has one side for a tile, and a viewer one scale. */
function requireSquare({ path, mpp }: Slide, x: number, y: number): void {
  const isSquare = (a: number, b: number): boolean => Math.abs(a - b) <= SQUARE * Math.max(a, b);
  if (isSquare(x, y) && (mpp === undefined || isSquare(mpp.x, mpp.y))) return;
  throw new WsiError(
    'SlideUnsupported',
    publicText`the slide's pixels are not square, and files of features have one side for a tile`,
    {
      where: path,
      remedy: publicText`Take it out, or convert it to square pixels.`,
    },
  );
}

/** Rows below each other: float32 [n, D]. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
