/** How much may be read ahead of the device, by the machine or the container that the process has (pure). */
import { availableParallelism, totalmem } from 'node:os';

export interface Surroundings {
  /** That this process may use: a container's limit counts. */
  readonly processors: number;
  /** That this process may use, in bytes. */
  readonly memoryBytes: number;
}

export interface FeedingLimits {
  /** Shards that a task reads ahead at most. */
  readonly depth: number;
  /** Bytes of pixels that are read ahead at most, of all tasks. */
  readonly bytes: number;
}

/** Of the memory, so that reading ahead stays small beside the encoder. */
const PART_OF_MEMORY = 16;
const MOST_BYTES = 512 * 2 ** 20;

export function surroundings(): Surroundings {
  // Without a limit the kernel says a number beyond all memory.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return { processors: availableParallelism(), memoryBytes: Math.min(limit, totalmem()) };
}

/**
 * One shard ahead is always read. More only where processors are left beside the one that hands tiles to the device.
 * @param shardBytes pixels of a shard
 * @param tasks that read ahead at a time
 */
export function feedingLimits(
  { processors, memoryBytes }: Surroundings,
  { shardBytes, tasks }: { readonly shardBytes: number; readonly tasks: number },
): FeedingLimits {
  const bytes = Math.min(MOST_BYTES, memoryBytes / PART_OF_MEMORY);
  const affordable = Math.floor(bytes / (shardBytes * tasks));
  const depth = Math.max(1, Math.min(processors - 1, affordable));
  return { depth, bytes: depth * shardBytes * tasks };
}

/** Beside those that decode: files, names of hosts. */
const OTHER_THREADS = 2;
/** As many as Node has without being told. */
const FEWEST_THREADS = 4;

/** Threads in which Node reads files, and libvips and OpenSlide decode. */
export function threadsOfPool(processors: number): number {
  return Math.max(FEWEST_THREADS, processors + OTHER_THREADS);
}
