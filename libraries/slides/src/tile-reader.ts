/**
 * Reads the patches of a training step: many slides, a bounded number open, one bounded cache of decoded pixels for
 * all, bounded decoding at a time. What is read never depends on the cache, the concurrency or the order of requests.
 */
import { type Logger, Slots, WsiError } from '@wsi-operator/foundation';
import type { StatedResolution } from './metadata/stated-resolution.ts';
import { openSlide, type ReaderChoice } from './open-slide.ts';
import { PictureCache } from './picture-cache.ts';
import type { Pixels } from './pixels.ts';
import type { S3Store } from './s3/store.ts';
import { levelAtMpp, requireResolution } from './resolution.ts';
import { SlidePool } from './slide-pool.ts';
import { createStatistics, type Resolution, type Slide, type SlideStatistics } from './slide.ts';

export interface TileReaderOptions {
  /** Bytes of decoded pixels that are kept; 256 MiB by default, 0 for none. */
  readonly cacheBytes?: number;
  /** Decoding calls under way at a time, over all slides; 4 by default. */
  readonly concurrency?: number;
  readonly reader?: ReaderChoice;
  /** Slides that stay open while nobody reads them; 8 by default. */
  readonly openSlides?: number;
  /** Where `s3://` leads; by default what the environment says. */
  readonly store?: S3Store;
  /** Called when a slide has to be copied from S3. */
  readonly logger?: Pick<Logger, 'info'>;
}

export interface TileRequest {
  /** The slide's path. */
  readonly slide: string;
  /** The resolution that somebody states for it. */
  readonly stated?: StatedResolution | undefined;
  /** Pixels along a side, and a level or a resolution. */
  readonly patches: Resolution & { readonly size: number };
  /** Top left corners: x, y, x, y... in level-0 pixels. */
  readonly coordinates: Int32Array;
}

export interface TileReaderStatistics extends Readonly<SlideStatistics> {
  /** Bytes of decoded pixels in the cache now. */
  readonly cacheBytes: number;
  readonly openSlides: number;
}

/** Patches that are read between two checks of the signal. */
const PATCHES_PER_STRETCH = 32;

export class TileReader {
  readonly #cacheBytes: number;
  readonly #cache: PictureCache;
  readonly #open: (path: string, stated: StatedResolution | undefined) => Promise<Slide>;
  readonly #slides: SlidePool;
  readonly #slots: Slots;
  readonly #statistics = createStatistics();
  readonly #prefetches = new Slots(1);
  readonly #running = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: TileReaderOptions = {}) {
    const { cacheBytes = 256 * 2 ** 20, concurrency = 4, reader = 'auto', openSlides = 8 } = options;
    this.#cacheBytes = cacheBytes;
    this.#cache = new PictureCache(cacheBytes);
    this.#slots = new Slots(concurrency);
    const shared = {
      reader,
      cache: this.#cache,
      statistics: this.#statistics,
      slots: this.#slots,
      ...(options.store === undefined ? {} : { store: options.store }),
      ...(options.logger === undefined ? {} : { logger: options.logger }),
    };
    this.#open = (path, stated) => openSlide(path, { ...shared, stated });
    this.#slides = new SlidePool(openSlides);
  }

  /** So many decoding calls may be under way from now on, if they were fewer. */
  growTo(concurrency: number): void {
    this.#slots.growTo(concurrency);
  }

  get statistics(): TileReaderStatistics {
    return { ...this.#statistics, cacheBytes: this.#cache.bytes, openSlides: this.#slides.size };
  }

  /**
   * The patches, one after the other: RGB, `n * size * size * 3` bytes. Outside the slide is white.
   * @throws WsiError that names the slide; Cancelled when the signal is aborted
   */
  read(request: TileRequest, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run(request, (slide) => this.#readAll(slide, request, signal));
  }

  /**
   * Brings patches into the cache, one request at a time and at most half the cache, so that it does not push out what
   * is read now. Never fails: reading the patches reports what is wrong with them.
   */
  async prefetch(request: TileRequest, signal?: AbortSignal): Promise<void> {
    const { size } = request.patches;
    const affordable = Math.floor(this.#cacheBytes / 2 / (size * size * 3));
    const coordinates = request.coordinates.subarray(0, affordable * 2);
    if (coordinates.length === 0) return;
    await this.#prefetches
      .run(() =>
        this.#run(request, async (slide) => {
          for (const stretch of stretches(coordinates)) {
            if (signal?.aborted === true || this.#closed) return;
            const bytes = (stretch.length / 2) * size * size * 3;
            await this.#readStretch(slide, request.patches, stretch, new Uint8Array(bytes));
          }
        }),
      )
      .catch(() => undefined);
  }

  /** Waits for what is under way, closes the slides and empties the cache. Later reads fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#running);
    await this.#slides.close();
    await this.#cache.clear();
  }

  async #run<T>(request: TileRequest, work: (slide: Slide) => Promise<T>): Promise<T> {
    if (this.#closed) throw new WsiError('Cancelled', 'The tile reader is closed.', { where: request.slide });
    const { slide, stated } = request;
    const key = stated === undefined ? slide : `${slide}\n${stated.mpp} ${stated.prefer}`;
    const running = this.#slides.use(key, () => this.#open(slide, stated), work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #readAll(
    slide: Slide,
    { patches, coordinates }: TileRequest,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = patches.size ** 2 * 3;
    const result = new Uint8Array((coordinates.length / 2) * bytes);
    let at = 0;
    for (const stretch of stretches(coordinates)) {
      if (signal?.aborted === true) {
        throw new WsiError('Cancelled', 'The read was cancelled.', {
          where: slide.path,
          cause: signal.reason,
        });
      }
      const end = at + (stretch.length / 2) * bytes;
      await this.#readStretch(slide, patches, stretch, result.subarray(at, end));
      at = end;
    }
    return result;
  }

  /**
   * Native patches of the fast path come from the file's decoded tiles, which are cached. The others are cached as
   * they are: OpenSlide does not show its tiles, and resampling costs more than decoding.
   */
  async #readStretch(
    slide: Slide,
    patches: TileRequest['patches'],
    coordinates: Int32Array,
    target: Uint8Array,
  ): Promise<void> {
    const resolution = nativeLevel(slide, requireResolution(slide.path, patches));
    const { size } = patches;
    if (slide.reader === 'tiff' && 'level' in resolution) {
      await slide.readPatches({ ...resolution, size, coordinates }, target);
      return;
    }
    const kind =
      'level' in resolution ? `level ${resolution.level}` : `mpp ${resolution.mpp}${statedScale(slide)}`;
    const missing: number[] = [];
    // Started after the loop below has found out what is missing.
    const reading = Promise.resolve().then(() =>
      slide.readPatches({ ...resolution, size, coordinates: Int32Array.from(missing) }),
    );
    const bytes = size * size * 3;
    const pictures: Promise<Pixels>[] = [];
    for (let index = 0; index < coordinates.length; index += 2) {
      const x = coordinates[index]!;
      const y = coordinates[index + 1]!;
      const key = `${slide.fingerprint}/${kind}/${size}/${x}/${y}`;
      let picture = this.#cache.find(key, this.#statistics);
      if (picture === undefined) {
        const place = missing.push(x, y) / 2 - 1;
        picture = reading.then((all) => {
          const data = all.slice(place * bytes, (place + 1) * bytes);
          return { width: size, height: size, data };
        });
        this.#cache.put(key, picture);
      }
      pictures.push(picture);
    }
    for (const [index, { data }] of (await Promise.all(pictures)).entries()) target.set(data, index * bytes);
    await reading;
  }
}

/** The same file has other patches at a resolution that is stated for it. */
function statedScale({ resolution: { stated }, mpp }: Slide): string {
  return stated && mpp !== undefined ? ` of ${mpp.x}` : '';
}

/** A resolution that a level has is that level. */
function nativeLevel(slide: Slide, resolution: { level: number } | { mpp: number }): typeof resolution {
  if ('level' in resolution) return resolution;
  const { level, native } = levelAtMpp(slide, resolution.mpp);
  return native ? { level } : resolution;
}

function* stretches(coordinates: Int32Array): Generator<Int32Array> {
  for (let at = 0; at < coordinates.length; at += PATCHES_PER_STRETCH * 2) {
    yield coordinates.subarray(at, at + PATCHES_PER_STRETCH * 2);
  }
}
