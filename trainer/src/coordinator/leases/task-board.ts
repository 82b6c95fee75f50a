/**
 * The leases of a run as a pure state machine: which tasks wait, who holds which, until when. No I/O and no clock;
 * times are parameters, in milliseconds, and never decrease.
 *
 *     submit -> waiting -> leased(worker, deadline) -> done
 *                  ^          |        ^ |
 *                  |          |        +-+ speculate: to one worker more, when it is late
 *                  +----------+
 *                    release / expire / fail of its last holder
 *
 * A task is a pure function, so it may be leased again at any time: the first completion wins and later ones are
 * told to drop it. Tasks of an earlier step go first; among those of one step a worker gets the ones whose tiles
 * it has read before, then those nobody has read, then another's. When none waits, the task that is held longest
 * beyond what such tasks take is given to one worker more: its holder may be slow, or hang while it says that it lives.
 */
import { Lateness, type LatenessLimits } from './lateness.ts';
import { WaitingTasks } from './waiting-tasks.ts';

export interface BoardTask {
  readonly id: string;
  /** Lower goes first. */
  readonly priority: number;
  /** Tasks with the same tiles share it; a worker that has done one is preferred for the others. */
  readonly affinity: string;
  /** Tasks of a kind take about the same time. */
  readonly kind: string;
}

interface Entry<T extends BoardTask> {
  readonly task: T;
  /** Workers that hold it, by the time of their lease. */
  readonly holders: Map<string, number>;
  /** When it was last given to a worker. */
  leasedAt: number;
  /** Times it was leased and its worker did not say what became of it. */
  attempts: number;
  reader: string;
}

interface Holder<T extends BoardTask> {
  readonly entries: Set<Entry<T>>;
  deadline: number;
}

export type Completion = 'accepted' | 'duplicate';

/** Who may hold a task at once. More would be of use only if three workers hung on the same task. */
const maximumHolders = 3;
/** Key of the tiles that no worker has read yet. */
const nobody = '';

export class TaskBoard<T extends BoardTask> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #waiting = new WaitingTasks<Entry<T>>();
  /** Workers that hold something, in order of their deadlines. */
  readonly #holders = new Map<string, Holder<T>>();
  /** By kind: what is leased and may be leased to one worker more, in order of the last lease. */
  readonly #leased = new Map<string, Set<Entry<T>>>();
  /** Which worker last did a task of this affinity. */
  readonly #lastWorker = new Map<string, string>();
  readonly #lateness: Lateness;
  #now = -Infinity;

  constructor(limits?: LatenessLimits) {
    this.#lateness = new Lateness(limits);
  }

  submit(task: T): void {
    if (this.#entries.has(task.id)) throw new RangeError(`task ${task.id} is on the board already`);
    const entry = { task, holders: new Map<string, number>(), leasedAt: 0, attempts: 0, reader: nobody };
    this.#entries.set(task.id, entry);
    this.#wait(entry);
  }

  /** Takes the best waiting task for this worker, or undefined when none waits. */
  lease(worker: string, now: number, deadline: number): T | undefined {
    const entry = this.#waiting.best(worker);
    if (entry === undefined) return undefined;
    this.#waiting.delete(entry);
    this.#give(entry, worker, { now, deadline });
    return entry.task;
  }

  /**
   * Takes the task that is late for the longest, of those that this worker does not hold, or undefined when none is.
   * With each worker that takes it, it is given as much time again.
   */
  speculate(worker: string, now: number, deadline: number): T | undefined {
    let latest: Entry<T> | undefined;
    for (const [kind, leased] of this.#leased) {
      const late = now - this.#lateness.boundOf(kind);
      for (const entry of leased) {
        if (entry.leasedAt > late) break;
        // At most as many as the worker has slots.
        if (entry.holders.has(worker)) continue;
        if (latest === undefined || entry.leasedAt < latest.leasedAt) latest = entry;
        break;
      }
    }
    if (latest !== undefined) this.#give(latest, worker, { now, deadline });
    return latest?.task;
  }

  /** Moves the deadline of all that the worker holds. */
  renew(worker: string, deadline: number): void {
    const holder = this.#holders.get(worker);
    if (holder === undefined) return;
    holder.deadline = deadline;
    // To the end: deadlines do not decrease.
    this.#holders.delete(worker);
    this.#holders.set(worker, holder);
  }

  /**
   * The first completion of a task is accepted, from whomever; any other is a duplicate.
   * @returns with the other workers that hold it: theirs is not wanted any more
   */
  complete(id: string, worker: string, now: number): { completion: Completion; others: string[] } {
    const entry = this.#entries.get(id);
    if (entry === undefined) return { completion: 'duplicate', others: [] };
    const since = entry.holders.get(worker);
    if (since !== undefined) this.#lateness.learn(entry.task.kind, now - since);
    return { completion: 'accepted', others: this.remove(id).filter((holder) => holder !== worker) };
  }

  /** Takes a task off the board. Returns who held it. */
  remove(id: string): string[] {
    const entry = this.#entries.get(id);
    if (entry === undefined) return [];
    const holders = [...entry.holders.keys()];
    for (const worker of holders) this.#take(entry, worker);
    this.#waiting.delete(entry);
    this.#entries.delete(id);
    return holders;
  }

  /** The worker could not do it: it waits again. False when the worker does not hold it (any more). */
  fail(id: string, worker: string): boolean {
    const entry = this.#entries.get(id);
    if (entry?.holders.has(worker) !== true) return false;
    // The worker lives: this says nothing against the task.
    entry.attempts -= 1;
    this.#free(entry, worker);
    return true;
  }

  /** The worker is gone: what only it held waits again. Returns the ids of all that it held. */
  release(worker: string): string[] {
    const held = [...(this.#holders.get(worker)?.entries ?? [])];
    for (const entry of held) this.#free(entry, worker);
    return held.map(({ task }) => task.id);
  }

  /** Leases past their deadline are free again. Returns them with their late holders. */
  expire(now: number): { id: string; worker: string }[] {
    const late: string[] = [];
    for (const [worker, { deadline }] of this.#holders) {
      if (deadline > now) break;
      late.push(worker);
    }
    return late.flatMap((worker) => this.release(worker).map((id) => ({ id, worker })));
  }

  /** Drops every task (a roll-back). */
  clear(): void {
    this.#entries.clear();
    this.#waiting.clear();
    this.#holders.clear();
    this.#leased.clear();
  }

  attemptsOf(id: string): number {
    return this.#entries.get(id)?.attempts ?? 0;
  }

  holdsOf(worker: string): number {
    return this.#holders.get(worker)?.entries.size ?? 0;
  }

  holdersOf(id: string): string[] {
    return [...(this.#entries.get(id)?.holders.keys() ?? [])];
  }

  get size(): number {
    return this.#entries.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  #wait(entry: Entry<T>): void {
    entry.reader = this.#lastWorker.get(entry.task.affinity) ?? nobody;
    this.#waiting.add(entry);
  }

  #give(entry: Entry<T>, worker: string, { now, deadline }: { now: number; deadline: number }): void {
    this.#now = now;
    entry.holders.set(worker, now);
    entry.attempts += 1;
    this.#lastWorker.set(entry.task.affinity, worker);
    // Only a word from the worker moves the deadline of what it holds already.
    const holder = this.#holders.get(worker) ?? { entries: new Set(), deadline };
    holder.entries.add(entry);
    this.#holders.set(worker, holder);
    const leased = this.#leasedOf(entry);
    leased.delete(entry);
    entry.leasedAt = now;
    if (entry.holders.size < maximumHolders) leased.add(entry);
  }

  /** The worker holds it no more. */
  #take(entry: Entry<T>, worker: string): void {
    entry.holders.delete(worker);
    const holder = this.#holders.get(worker);
    holder?.entries.delete(entry);
    if (holder?.entries.size === 0) this.#holders.delete(worker);
    const leased = this.#leasedOf(entry);
    if (entry.holders.size === 0) leased.delete(entry);
    else if (!leased.has(entry)) {
      // The order is that of the last leases.
      entry.leasedAt = this.#now;
      leased.add(entry);
    }
  }

  #free(entry: Entry<T>, worker: string): void {
    this.#take(entry, worker);
    if (entry.holders.size === 0) this.#wait(entry);
  }

  #leasedOf({ task: { kind } }: Entry<T>): Set<Entry<T>> {
    const leased = this.#leased.get(kind) ?? new Set<Entry<T>>();
    this.#leased.set(kind, leased);
    return leased;
  }
}
