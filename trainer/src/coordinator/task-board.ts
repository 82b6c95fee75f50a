/**
 * The leases of a run as a pure state machine: which tasks wait, who holds which, until when. No I/O and no clock;
 * times are parameters.
 *
 *     submit -> waiting -> leased(worker, deadline) -> done
 *                  ^              |
 *                  +--- release / expire / fail
 *
 * A task is a pure function, so it may be leased again at any time: the first completion wins and later ones are
 * told to be dropped. Tasks of an earlier step go first; among those of one step a worker gets the ones whose tiles
 * it has read before, then those nobody has read, then another's.
 */

export interface BoardTask {
  readonly id: string;
  /** Lower goes first. */
  readonly priority: number;
  /** Tasks with the same tiles share it; a worker that has done one is preferred for the others. */
  readonly affinity: string;
}

interface Entry<T extends BoardTask> {
  readonly task: T;
  worker: string | undefined;
  deadline: number;
  /** Times it was leased and its worker did not say what became of it. */
  attempts: number;
  /** Whose queue it waits in. */
  reader: string;
}

/** Waiting entries of one priority by the worker that last read their tiles, each in order of submission. */
type Queues<T extends BoardTask> = Map<string, Set<Entry<T>>>;

/** Key of the tiles that no worker has read yet. */
const nobody = '';

export type Completion = 'accepted' | 'duplicate';

export class TaskBoard<T extends BoardTask> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #waiting = new Map<number, Queues<T>>();
  readonly #holding = new Map<string, Set<Entry<T>>>();
  /** Which worker last did a task of this affinity. */
  readonly #lastWorker = new Map<string, string>();

  submit(task: T): void {
    if (this.#entries.has(task.id)) throw new RangeError(`task ${task.id} is on the board already`);
    const entry = { task, worker: undefined, deadline: Infinity, attempts: 0, reader: nobody };
    this.#entries.set(task.id, entry);
    this.#wait(entry);
  }

  /** Takes the best waiting task for this worker, or undefined when none waits. */
  lease(worker: string, deadline: number): T | undefined {
    const entry = this.#best(worker);
    if (entry === undefined) return undefined;
    this.#unwait(entry);
    entry.worker = worker;
    entry.deadline = deadline;
    entry.attempts += 1;
    const held = this.#holding.get(worker) ?? new Set();
    this.#holding.set(worker, held.add(entry));
    this.#lastWorker.set(entry.task.affinity, worker);
    return entry.task;
  }

  /** Moves the deadlines of all that the worker holds. */
  renew(worker: string, deadline: number): void {
    for (const entry of this.#holding.get(worker) ?? []) entry.deadline = deadline;
  }

  /** The first completion of a task is accepted, from whomever; any other is a duplicate. */
  complete(id: string): { completion: Completion; holder: string | undefined } {
    const entry = this.#entries.get(id);
    if (entry === undefined) return { completion: 'duplicate', holder: undefined };
    const holder = entry.worker;
    this.#remove(entry);
    return { completion: 'accepted', holder };
  }

  /** The worker could not do it: it waits again. False when the worker does not hold it (any more). */
  fail(id: string, worker: string): boolean {
    const entry = this.#entries.get(id);
    if (entry?.worker !== worker) return false;
    // The worker lives: this says nothing against the task.
    entry.attempts -= 1;
    this.#free(entry);
    return true;
  }

  /** The worker is gone: all that it held waits again. Returns those ids. */
  release(worker: string): string[] {
    const held = [...(this.#holding.get(worker) ?? [])];
    for (const entry of held) this.#free(entry);
    this.#holding.delete(worker);
    return held.map(({ task }) => task.id);
  }

  /** Leases past their deadline wait again. Returns them with their late holders. */
  expire(now: number): { id: string; worker: string }[] {
    const late: { id: string; worker: string }[] = [];
    for (const [worker, held] of this.#holding) {
      for (const entry of held) if (entry.deadline <= now) late.push({ id: entry.task.id, worker });
    }
    for (const { id } of late) this.#free(this.#entries.get(id) as Entry<T>);
    return late;
  }

  /** Drops every task (a roll-back). */
  clear(): void {
    this.#entries.clear();
    this.#waiting.clear();
    this.#holding.clear();
  }

  attemptsOf(id: string): number {
    return this.#entries.get(id)?.attempts ?? 0;
  }

  holdsOf(worker: string): number {
    return this.#holding.get(worker)?.size ?? 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  get waiting(): number {
    let count = 0;
    for (const queues of this.#waiting.values()) {
      for (const entries of queues.values()) count += entries.size;
    }
    return count;
  }

  /** Looks at queues, not at tasks: an evaluation may have a million of them waiting. */
  #best(worker: string): Entry<T> | undefined {
    const lowest = Math.min(...this.#waiting.keys());
    const queues = this.#waiting.get(lowest);
    if (queues === undefined) return undefined;
    let longest: Set<Entry<T>> | undefined;
    for (const queue of queues.values()) {
      if (queue.size > (longest?.size ?? 0)) longest = queue;
    }
    const queue = queues.get(worker) ?? queues.get(nobody) ?? longest;
    return queue?.values().next().value;
  }

  #wait(entry: Entry<T>): void {
    const { priority, affinity } = entry.task;
    const queues: Queues<T> = this.#waiting.get(priority) ?? new Map<string, Set<Entry<T>>>();
    this.#waiting.set(priority, queues);
    entry.reader = this.#lastWorker.get(affinity) ?? nobody;
    const queue = queues.get(entry.reader) ?? new Set();
    queues.set(entry.reader, queue.add(entry));
  }

  /** Empty queues are not kept. */
  #unwait(entry: Entry<T>): void {
    const { priority } = entry.task;
    const queues = this.#waiting.get(priority);
    const queue = queues?.get(entry.reader);
    queue?.delete(entry);
    if (queue?.size === 0) queues?.delete(entry.reader);
    if (queues?.size === 0) this.#waiting.delete(priority);
  }

  #free(entry: Entry<T>): void {
    if (entry.worker !== undefined) this.#holding.get(entry.worker)?.delete(entry);
    entry.worker = undefined;
    entry.deadline = Infinity;
    this.#wait(entry);
  }

  #remove(entry: Entry<T>): void {
    this.#entries.delete(entry.task.id);
    this.#unwait(entry);
    if (entry.worker !== undefined) this.#holding.get(entry.worker)?.delete(entry);
  }
}
