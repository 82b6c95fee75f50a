/** Tiles from slides: pixels, uint8 [n, size, size, 3]. */
import { releaseBytes } from '@wsi-operator/foundation';
import { int32From, type SurveyResult, type Task, type TileBlock } from '@wsi-operator/protocol';
import { openSlide, TileReader, type Pixels } from '@wsi-operator/slides';
import type { ReadingSeconds } from '../measurement/stopwatch.ts';
import type { BlockRange } from '../plan/plan.ts';
import { TileAugmenter } from '../worker/augmentation/augmentation.ts';
import { orientTiles } from '../worker/orientation.ts';
import { normaliseStain, statementOf, surveySlide, type SurveyOptions } from '../worker/survey-slide.ts';
import type { PicturedSlide, TileSource, TileSourceOptions } from './tile-source.ts';

type Patches = SurveyOptions;

export class SlideTiles implements TileSource {
  readonly #patches: Patches;
  readonly #options: TileSourceOptions;
  readonly #reader: TileReader;
  readonly #augmenter: TileAugmenter;

  constructor(patches: Patches, options: TileSourceOptions) {
    const { cacheBytes, store, logger } = options;
    this.#patches = patches;
    this.#options = options;
    this.#augmenter = new TileAugmenter(patches.size);
    this.#reader = new TileReader({
      cacheBytes,
      concurrency: 1,
      openSlides: 64,
      ...(store === undefined ? {} : { store }),
      ...(logger === undefined ? {} : { logger }),
    });
  }

  get seconds(): ReadingSeconds {
    const { openSeconds: open, readSeconds: read, decodeSeconds: decode } = this.#reader.statistics;
    return { open, read, decode };
  }

  get tileBytes(): number {
    return this.#patches.size ** 2 * 3;
  }

  growTo(readers: number): void {
    this.#reader.growTo(readers);
  }

  survey(task: NonNullable<Task['survey']>): Promise<SurveyResult> {
    return surveySlide(task, this.#patches, this.#options);
  }

  async read(block: TileBlock, { start, end }: BlockRange): Promise<Uint8Array> {
    const { slide, orientationSeed, augmentation } = block;
    const coordinates = int32From(block.coordinates).subarray(start * 2, end * 2);
    const stated = statementOf(block.stated);
    const tiles = await this.#reader.read({ slide, stated, patches: this.#patches, coordinates });
    normaliseStain(tiles, block.stain);
    if (augmentation) this.#augmenter.augment(tiles, augmentation, coordinates);
    if (orientationSeed === 0) return tiles;
    const turned = orientTiles(tiles, this.#patches.size, { seed: orientationSeed, coordinates });
    releaseBytes(tiles);
    return turned;
  }

  release(tiles: Uint8Array): number {
    const { byteLength } = tiles;
    releaseBytes(tiles);
    return byteLength;
  }

  async fingerprint(path: string): Promise<string> {
    const slide = await openSlide(path);
    const { fingerprint } = slide;
    await slide.close();
    return fingerprint;
  }

  async picture({ slide: path }: PicturedSlide, side: number): Promise<Pixels> {
    const slide = await openSlide(path, this.#options);
    try {
      return await slide.thumbnail(side);
    } finally {
      await slide.close();
    }
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
