/**
 * Tasks that wait for a worker, so ordered that the best one for any worker is found without inspecting the others: the
 * lowest priority first, and among those first the ones whose tiles the worker has read, then those that nobody has
 * read, then the ones of the worker with the most of them waiting.
 */

export interface WaitingTask {
  readonly task: { readonly priority: number };
  /** Whose queue it waits in; '' when nobody has read its tiles. */
  reader: string;
}

const nobody = '';

export class WaitingTasks<E extends WaitingTask> {
  readonly #priorities = new Map<number, Queues<E>>();
  #lowest = Infinity;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: E): void {
    const { priority } = entry.task;
    const queues = this.#priorities.get(priority) ?? new Queues<E>();
    this.#priorities.set(priority, queues);
    queues.add(entry);
    this.#lowest = Math.min(this.#lowest, priority);
    this.#size += 1;
  }

  /** Does nothing when it does not wait. */
  delete(entry: E): void {
    const { priority } = entry.task;
    const queues = this.#priorities.get(priority);
    if (queues?.delete(entry) !== true) return;
    this.#size -= 1;
    if (!queues.empty) return;
    this.#priorities.delete(priority);
    // As many as steps are under way.
    if (priority === this.#lowest) this.#lowest = Math.min(...this.#priorities.keys());
  }

  best(worker: string): E | undefined {
    return this.#priorities.get(this.#lowest)?.best(worker);
  }

  clear(): void {
    this.#priorities.clear();
    this.#lowest = Infinity;
    this.#size = 0;
  }
}

/** Entries of one priority by reader, each queue in order of submission; empty queues are not kept. */
class Queues<E extends WaitingTask> {
  readonly #byReader = new Map<string, Set<E>>();
  /** Readers by the length of their queue: which is the longest is known without a search. */
  readonly #byLength = new Map<number, Set<string>>();
  #longest = 0;

  get empty(): boolean {
    return this.#byReader.size === 0;
  }

  add(entry: E): void {
    const queue = this.#byReader.get(entry.reader) ?? new Set<E>();
    this.#byReader.set(entry.reader, queue.add(entry));
    this.#moved(entry.reader, queue.size - 1, queue.size);
  }

  delete(entry: E): boolean {
    const queue = this.#byReader.get(entry.reader);
    if (queue?.delete(entry) !== true) return false;
    if (queue.size === 0) this.#byReader.delete(entry.reader);
    this.#moved(entry.reader, queue.size + 1, queue.size);
    return true;
  }

  best(worker: string): E | undefined {
    const queue = this.#byReader.get(worker) ?? this.#byReader.get(nobody) ?? this.#longestQueue();
    return queue?.values().next().value;
  }

  #longestQueue(): Set<E> | undefined {
    const reader = this.#byLength.get(this.#longest)?.values().next().value;
    return reader === undefined ? undefined : this.#byReader.get(reader);
  }

  /** A queue's length changed, by one. */
  #moved(reader: string, from: number, to: number): void {
    const before = this.#byLength.get(from);
    before?.delete(reader);
    if (before?.size === 0) this.#byLength.delete(from);
    if (to > 0) this.#byLength.set(to, (this.#byLength.get(to) ?? new Set()).add(reader));
    if (to > this.#longest) this.#longest = to;
    else if (from === this.#longest && !this.#byLength.has(from)) this.#longest = to;
  }
}
