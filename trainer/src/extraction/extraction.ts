/** Features of slides, one file a slide, by processes that take a slide at a time: what `wsi features` does. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { FeatureReader, removeUnfinished } from '@wsi-operator/features';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { S3Store } from '@wsi-operator/slides';
import type { TileEncoderFacts } from '@wsi-operator/tile-encoder';
import { ProcessPool } from '../processes/process-pool.ts';
import { isSlideFault } from '../slide-files/slide-fault.ts';
import { encoderFacts } from './encoder-source.ts';
import { patchesKey, requireSameFeatures } from './feature-key.ts';
import type { ExtractedSlide, ExtractionSettings, ExtractionWork, SlideToExtract } from './messages.ts';

export type ExtractionRequest = Omit<ExtractionSettings, 'digest'> & {
  readonly processes: number;
  /** GPUs, of which each process gets one. */
  readonly devices?: readonly string[];
};

/** What became of a slide. */
export type SlideEnd = { readonly slide: string } & (
  { readonly extracted: ExtractedSlide } | { readonly error: WsiError }
);

export interface ExtractionEvents {
  readonly onTiles: (tiles: number) => void;
  readonly onSlide: (end: SlideEnd) => void;
}

const ENTRY = new URL('./extractor-main.ts', import.meta.url);
export class Extraction {
  readonly encoder: TileEncoderFacts;
  readonly #request: ExtractionRequest;
  #pool: ProcessPool<ExtractionWork> | undefined;
  #stopped = false;

  /** Reads the encoder, so that what cannot be used is refused before anything else. @throws WsiError of the encoder */
  static async open(request: ExtractionRequest): Promise<Extraction> {
    const store = new S3Store(request.store);
    try {
      return new Extraction(request, await encoderFacts(request.source, request.patches.size, store));
    } finally {
      await store.close();
    }
  }

  private constructor(request: ExtractionRequest, encoder: TileEncoderFacts) {
    this.#request = request;
    this.encoder = encoder;
  }

  /**
   * Refuses files that are there with other features, before any slide is opened.
   * @throws WsiError `InvalidArgument` that names the first of them, and how many there are
   */
  async requireSamePlace(slides: readonly SlideToExtract[]): Promise<void> {
    const there = slides.filter(({ file }) => existsSync(file));
    if (this.#request.overwrite || there.length === 0) return;
    const { patches, layout, toolVersion } = this.#request;
    const store = new S3Store(this.#request.store);
    const reader = new FeatureReader();
    const errors: WsiError[] = [];
    try {
      for (const slide of there) {
        try {
          const found = await reader.describe(slide.file);
          // Annotations that are missing are the slide's fault, which is told when it is its turn.
          const key = await patchesKey(slide, patches, store).catch(() => found.key?.patches ?? '');
          const { name: encoder, digest: encoderDigest } = this.encoder;
          requireSameFeatures(
            slide.file,
            found,
            { encoder, encoderDigest, patches: key, toolVersion },
            layout,
          );
        } catch (error) {
          errors.push(WsiError.from(error));
        }
      }
    } finally {
      await reader.close();
      await store.close();
    }
    const [first, ...others] = errors;
    if (first === undefined) return;
    if (others.length === 0) throw first;
    throw new WsiError('InvalidArgument', `${first.problem}; and so it is with ${others.length} more`, {
      ...(first.where === undefined ? {} : { where: first.where }),
      remedy: publicText`Choose another --output, or replace them with --overwrite.`,
    });
  }

  /**
   * Never throws for what is wrong with a slide: the others go on.
   * @throws WsiError of what is wrong with everything: the engine, the disk, or `Cancelled`
   */
  async run(slides: readonly SlideToExtract[], { onTiles, onSlide }: ExtractionEvents): Promise<void> {
    const { processes, devices = [], ...settings } = this.#request;
    await removeTemporary(slides);
    const pool = new ProcessPool<ExtractionWork>({
      entry: ENTRY,
      opening: { ...settings, digest: this.encoder.digest },
      processes: Math.max(1, Math.min(processes, slides.length)),
      prefix: 'wsi-features-',
      stopped: publicText`the extraction was stopped`,
      devices,
    });
    this.#pool = pool;
    if (this.#stopped) pool.close();
    try {
      await Promise.all(
        slides.map(async (task, priority) => {
          const { slide } = task;
          try {
            onSlide({ slide, extracted: await pool.run({ task, slide, priority, onNews: onTiles }) });
          } catch (thrown) {
            const error = WsiError.from(thrown);
            if (!isSlideFault(error)) throw error;
            onSlide({ slide, error });
          }
        }),
      );
    } finally {
      pool.close();
      await pool.ended;
      await removeTemporary(slides);
    }
  }

  /** Ends it at once: files that are whole stay. */
  stop(): void {
    this.#stopped = true;
    this.#pool?.close();
  }
}

/** In the directories that are written to, which this command has for itself. */
async function removeTemporary(slides: readonly SlideToExtract[]): Promise<void> {
  const directories = new Set(slides.map(({ file }) => dirname(file)));
  await Promise.all([...directories].map(removeUnfinished));
}
