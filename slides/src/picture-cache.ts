/** Decoded pictures by key, up to a number of bytes; the least recently used go first. Shared by all slides. */
import { LRUCache } from 'lru-cache';
import type { Pixels } from './pixels.ts';
import type { SlideStatistics } from './slide.ts';

export class PictureCache {
  readonly #kept: LRUCache<string, Pixels> | undefined;
  /** Being made now: those who ask meanwhile wait for the same one. */
  readonly #pending = new Map<string, Promise<Pixels>>();

  /** @param maximumBytes of pixels that are kept; 0 keeps none, and only merges requests made at the same time */
  constructor(maximumBytes: number) {
    if (maximumBytes < 1) return;
    this.#kept = new LRUCache({ maxSize: maximumBytes, sizeCalculation: ({ data }) => data.byteLength });
  }

  /** Bytes of pixels that are kept now. */
  get bytes(): number {
    return this.#kept?.calculatedSize ?? 0;
  }

  has(key: string): boolean {
    return this.#kept?.has(key) ?? false;
  }

  /** The picture, made by `make` when it is not there. What fails is not kept. Nobody may write to the result. */
  async get(key: string, statistics: SlideStatistics, make: () => Promise<Pixels>): Promise<Pixels> {
    const ready = this.#kept?.get(key) ?? this.#pending.get(key);
    if (ready !== undefined) {
      statistics.cacheHits++;
      return ready;
    }
    statistics.cacheMisses++;
    const making = make();
    this.#pending.set(key, making);
    try {
      const picture = await making;
      this.#kept?.set(key, picture);
      return picture;
    } finally {
      this.#pending.delete(key);
    }
  }

  clear(): void {
    this.#kept?.clear();
  }
}
