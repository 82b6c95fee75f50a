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
    return (this.#kept?.has(key) ?? false) || this.#pending.has(key);
  }

  /** The picture, if it is kept or being made. Nobody may write to it. */
  find(key: string, statistics: SlideStatistics): Promise<Pixels> | undefined {
    const kept = this.#kept?.get(key);
    const found = kept === undefined ? this.#pending.get(key) : Promise.resolve(kept);
    if (found === undefined) statistics.cacheMisses++;
    else statistics.cacheHits++;
    return found;
  }

  /** Announces a picture that is being made, and keeps it when it is ready. What fails is not kept. */
  put(key: string, making: Promise<Pixels>): void {
    this.#pending.set(key, making);
    making
      .then((picture) => this.#kept?.set(key, picture))
      .catch(() => undefined) // Reported to whoever awaits it.
      .finally(() => this.#pending.delete(key));
  }

  /** Waits for what is being made, then forgets everything. */
  async clear(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
    this.#kept?.clear();
  }
}
