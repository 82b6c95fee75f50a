/**
 * Tiles from files of features: rows, float32 [n, D]. A row is asked for twice in a step, once a pass, so that what was read is
 * kept as far as the cache goes. What is read does not depend on the cache.
 */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { FeatureReader, type SurveyedFeatures } from '@wsi-operator/features';
import { bytesOf, type SurveyResult, type Task, type TileBlock } from '@wsi-operator/protocol';
import { createPixels, type Pixels } from '@wsi-operator/slides';
import type { ReadingSeconds } from '../measurement/stopwatch.ts';
import type { BlockRange } from '../plan/plan.ts';
import { requireKind, type FeatureKind } from './feature-kind.ts';
import { RowCache } from './row-cache.ts';
import type { PicturedSlide, TileSource, TileSourceOptions } from './tile-source.ts';

export class FeatureTiles implements TileSource {
  readonly #kind: FeatureKind;
  readonly #timed: NonNullable<TileSourceOptions['timed']>;
  readonly #reader = new FeatureReader();
  readonly #cache: RowCache;
  #readSeconds = 0;

  constructor(kind: FeatureKind, { cacheBytes, timed = (work) => work() }: TileSourceOptions) {
    this.#kind = kind;
    this.#timed = timed;
    this.#cache = new RowCache(cacheBytes);
  }

  get seconds(): ReadingSeconds {
    return { open: 0, read: this.#readSeconds, decode: 0 };
  }

  async survey({ slide }: NonNullable<Task['survey']>): Promise<SurveyResult> {
    const surveyed = await this.#timed(() => this.#reader.survey(slide));
    requireKind(slide, surveyed.file, this.#kind);
    const { digest, zeroRows } = surveyed;
    const { coordinates, side, width, height } = placesOf(surveyed);
    return {
      coordinates: bytesOf(coordinates),
      footprintX: side,
      footprintY: side,
      // What is in the file is all that there is of the slide.
      fingerprint: digest,
      digest,
      width,
      height,
      picture: digest,
      detail: new Uint8Array(0),
      colours: new Uint8Array(0),
      notes: zeroRows === 0 ? [] : [`${zeroRows} of ${surveyed.file.rows} rows hold nothing but zeros`],
    };
  }

  /** @param version of the file, where it may be replaced: rows of another version are not taken from the cache */
  read({ slide, first }: TileBlock, { start, end }: BlockRange, version = ''): Promise<Float32Array> {
    const row = (first ?? 0) + start;
    const count = end - start;
    return this.#cache.get(`${row}+${count} ${version} ${slide}`, () => this.#rows(slide, row, count));
  }

  /** Where the tiles of a file lie: pairs (x, y). */
  async places(path: string): Promise<Int32Array> {
    return Int32Array.from(await this.#reader.places(path), Math.round);
  }

  async #rows(slide: string, start: number, count: number): Promise<Float32Array> {
    const since = performance.now();
    const rows = await this.#reader.rows(slide, start, count);
    this.#readSeconds += (performance.now() - since) / 1000;
    if (rows.length === count * this.#kind.size) return rows;
    throw new WsiError(
      'SlideUnreadable',
      publicText`the file has rows of another length than at its survey.`,
      {
        where: slide,
        remedy: publicText`Put back the file that the run started with and start again.`,
      },
    );
  }

  get tileBytes(): number {
    return this.#kind.size * Float32Array.BYTES_PER_ELEMENT;
  }

  /** Files are read one after the other, and nothing is decoded. */
  growTo(): void {
    return undefined;
  }

  /** They may be in the cache: a collection for each few shards that stay there would take longer than the shards. */
  release(): number {
    return this.#cache.takeDropped();
  }

  async fingerprint(path: string): Promise<string> {
    return (await this.#reader.survey(path)).digest;
  }

  /** Nothing is known of the slide but where its tiles were. */
  picture({ width, height }: PicturedSlide, side: number): Promise<Pixels> {
    const scale = side / Math.max(width, height);
    const along = (length: number): number => Math.max(1, Math.round(length * scale));
    return Promise.resolve(createPixels(along(width), along(height)));
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

interface Places {
  /** Pairs (x, y) of level-0 pixels, or of whole micrometres. */
  readonly coordinates: Int32Array;
  /** The rest in the same unit. */
  readonly side: number;
  readonly width: number;
  readonly height: number;
}

function placesOf({ file, coordinates: exact }: SurveyedFeatures): Places {
  const coordinates = Int32Array.from(exact, Math.round);
  const side = file.coordinates.tileSide ?? smallestDistance(coordinates);
  const [right, bottom] = [0, 1].map((axis) => {
    let largest = 0;
    for (let at = axis; at < coordinates.length; at += 2) largest = Math.max(largest, coordinates[at]!);
    return Math.ceil(largest + side);
  });
  return { coordinates, side, width: file.width ?? right!, height: file.height ?? bottom! };
}

/** Of two columns, or of two rows where there is one column: the side of tiles that lie beside each other. */
function smallestDistance(coordinates: Int32Array): number {
  for (const axis of [0, 1]) {
    const sorted = coordinates.filter((_, at) => at % 2 === axis).sort();
    let smallest = Infinity;
    for (let at = 1; at < sorted.length; at++) {
      const distance = sorted[at]! - sorted[at - 1]!;
      if (distance > 0) smallest = Math.min(smallest, distance);
    }
    if (smallest < Infinity) return smallest;
  }
  return 1;
}
