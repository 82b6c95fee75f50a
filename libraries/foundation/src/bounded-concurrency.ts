/** Work on many items, or by many callers, of which at most so many run at a time. */

/**
 * `work` on every item, at most `limit` at a time. Nothing new begins after the first failure, which is thrown.
 * @param options.leaveRunning throws at once, and leaves what has begun running: for work that may take long and holds
 *   nothing that the caller frees. Otherwise the failure is thrown when all that has begun has ended.
 * @returns the results in the items' order
 */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
  { leaveRunning = false }: { readonly leaveRunning?: boolean } = {},
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(limit, items.length) }, lane);
  try {
    await Promise.all(lanes);
  } finally {
    if (!leaveRunning) await Promise.allSettled(lanes);
  }
  return results;
}

/** A counting semaphore; those who wait are served in order. */
export class Slots {
  #count: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  /** So many from now on, if they were fewer. Who waits for one of the new ones begins at once. */
  growTo(count: number): void {
    for (; this.#count < count; this.#count++) this.#release();
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
