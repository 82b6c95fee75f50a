/**
 * Keeps the device fed: shards are read and decoded ahead of it, one at first, and more when it has to wait for them. Only when
 * something is read depends on it, never what is computed or in which order.
 */
import type { Logger } from '@wsi-operator/foundation';
import { feedingLimits, surroundings, type FeedingLimits, type Surroundings } from './limits.ts';

/** Of the time, from which on more is read ahead. */
const WAITING_SHARE = 0.1;
/** Between two decisions: the first shard of a block may come late for other reasons. */
const SHARDS_OF_A_DECISION = 16;

export interface FeedingOptions {
  /** Pixels or rows of a shard. */
  readonly shardBytes: number;
  /** Tasks under way at a time: one computes, the others read ahead. */
  readonly tasks: number;
  readonly reader: { growTo(readers: number): void };
  /** Told what may be read ahead, and when more is. */
  readonly logger?: Pick<Logger, 'info'>;
  readonly surroundings?: Surroundings;
}

export class Feeding {
  readonly limits: FeedingLimits;
  readonly #options: FeedingOptions;
  #depth = 1;
  #shards = 0;
  #waitedSeconds = 0;
  #computedSeconds = 0;

  constructor(options: FeedingOptions) {
    const { shardBytes, tasks, logger } = options;
    this.#options = options;
    this.limits = feedingLimits(options.surroundings ?? surroundings(), { shardBytes, tasks });
    this.#grow();
    const { depth: most, bytes } = this.limits;
    logger?.info(
      { most, bytes },
      'shards of a task that are read ahead when the device waits, and their bytes',
    );
  }

  /** Shards that a task reads ahead. */
  get depth(): number {
    return this.#depth;
  }

  /** Decoding calls that may be under way: one for each shard ahead, and one for the next task's first. */
  get readers(): number {
    return this.#depth + 1;
  }

  /**
   * What one shard took.
   * @param waitedSeconds until it had been read @param computedSeconds from then until the next was asked for
   */
  observe(waitedSeconds: number, computedSeconds: number): void {
    this.#waitedSeconds += waitedSeconds;
    this.#computedSeconds += computedSeconds;
    if (++this.#shards < SHARDS_OF_A_DECISION) return;
    const waited = this.#waitedSeconds / (this.#waitedSeconds + this.#computedSeconds);
    this.#shards = this.#waitedSeconds = this.#computedSeconds = 0;
    if (!(waited > WAITING_SHARE) || this.#depth === this.limits.depth) return;
    this.#depth = Math.min(2 * this.#depth, this.limits.depth);
    this.#grow();
    const { depth, readers } = this;
    this.#options.logger?.info({ depth, readers, waited }, 'the device waits for tiles: more are read ahead');
  }

  #grow(): void {
    this.#options.reader.growTo(this.readers);
  }
}
