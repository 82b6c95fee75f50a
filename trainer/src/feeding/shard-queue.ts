/** The shards of one task in order, read ahead as far as the {@link Feeding} says. */
import type { Feeding } from './feeding.ts';

export class ShardQueue<Shard> {
  readonly #feeding: Feeding;
  readonly #count: number;
  readonly #read: (index: number) => Promise<Shard>;
  readonly #clock: () => number;
  readonly #ahead: Promise<Shard>[] = [];
  #started = 0;
  /** What the shard that was taken last had to be waited for, and when it was there. */
  #taken: { readonly waited: number; readonly at: number } | undefined;

  /**
   * Begins to read.
   * @param read of the shard with this index, from 0 to `count`; each is read once, in order
   * @param clock in seconds
   */
  constructor(
    feeding: Feeding,
    count: number,
    read: (index: number) => Promise<Shard>,
    clock = (): number => performance.now() / 1000,
  ) {
    this.#feeding = feeding;
    this.#count = count;
    this.#read = read;
    this.#clock = clock;
    this.#readAhead();
  }

  /** When the next shard has been read; at once when there is none. It stays the next. */
  async ready(): Promise<void> {
    await this.#ahead[0];
  }

  /** The next shard; undefined after the last. Those after it are read from when it is there. */
  async next(): Promise<Shard | undefined> {
    const asked = this.#clock();
    if (this.#taken !== undefined) this.#feeding.observe(this.#taken.waited, asked - this.#taken.at);
    this.#taken = undefined;
    const reading = this.#ahead.shift();
    if (reading === undefined) return undefined;
    const shard = await reading;
    const at = this.#clock();
    this.#taken = { waited: at - asked, at };
    this.#readAhead();
    return shard;
  }

  #readAhead(): void {
    while (this.#ahead.length < this.#feeding.depth && this.#started < this.#count) {
      const reading = this.#read(this.#started++);
      // Reported where it is awaited; a read ahead that nobody awaits any more must not end the process.
      reading.catch(() => undefined);
      this.#ahead.push(reading);
    }
  }
}
