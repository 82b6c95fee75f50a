/**
 * Where the tiles of a slide come from: a slide, whose pixels are read and later embedded, or a file of features, whose rows are
 * embeddings. Whoever computes or looks at tiles uses this interface and does not know which of them it is.
 */
import type { Tiles } from '@wsi-operator/engine';
import type { Logger } from '@wsi-operator/foundation';
import type { SurveyResult, Task, TileBlock } from '@wsi-operator/protocol';
import type { Pixels, S3Store } from '@wsi-operator/slides';
import type { ReadingSeconds } from '../measurement/stopwatch.ts';
import type { BlockRange } from '../plan/plan.ts';

export interface TileSource {
  /** Which tiles a slide has. @throws WsiError about the slide */
  survey(task: NonNullable<Task['survey']>): Promise<SurveyResult>;
  /**
   * Some tiles of a block, as the network takes them, to be handed to `release` in the end.
   * @param range half-open, of places in the block @throws WsiError about the slide
   */
  read(block: TileBlock, range: BlockRange): Promise<Tiles>;
  /** So many tiles may be read at a time from now on, if they were fewer. */
  growTo(readers: number): void;
  /** Of one tile. */
  readonly tileBytes: number;
  /** Nobody uses these tiles any more. @returns bytes that wait for a collection of garbage since the last call */
  release(tiles: Tiles): number;
  /** SHA-256 of what is in a file of this machine now, as its survey has it. @throws WsiError about the slide */
  fingerprint(slide: string): Promise<string>;
  /** What a heatmap is drawn on, at most `side` pixels along. @throws WsiError about the slide */
  picture(slide: PicturedSlide, side: number): Promise<Pixels>;
  /** Spent so far. */
  readonly seconds: ReadingSeconds;
  close(): Promise<void>;
}

/** Its sides are in the unit of its tiles' coordinates. */
export interface PicturedSlide {
  readonly slide: string;
  readonly width: number;
  readonly height: number;
}

export interface TileSourceOptions {
  /** Of what was read, and is likely to be read again. */
  readonly cacheBytes: number;
  readonly store?: S3Store;
  readonly logger?: Pick<Logger, 'info'>;
  /** Around the search for tiles, for whoever measures it. */
  readonly timed?: <T>(work: () => Promise<T>) => Promise<T>;
}
