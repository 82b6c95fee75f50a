/** Workers that can take a task, breadth first: one that holds none comes before any that would only read ahead. */

export class FreeSlots<W> {
  /** By the number of tasks that they hold. */
  readonly #levels: Set<W>[] = [];
  readonly #level = new Map<W, number>();

  /** The worker holds `held` of at most `slots` tasks. */
  update(worker: W, held: number, slots: number): void {
    const before = this.#level.get(worker);
    if (before === held && held < slots) return;
    this.remove(worker);
    if (held >= slots) return;
    while (this.#levels.length <= held) this.#levels.push(new Set());
    this.#levels[held]!.add(worker);
    this.#level.set(worker, held);
  }

  /** It takes no task until it is updated again. */
  remove(worker: W): void {
    const level = this.#level.get(worker);
    if (level === undefined) return;
    this.#levels[level]!.delete(worker);
    this.#level.delete(worker);
  }

  /** The one that holds the fewest. */
  next(): W | undefined {
    return this.all().next().value;
  }

  /** Those that hold the fewest first. */
  *all(): Generator<W, undefined> {
    for (const level of this.#levels) yield* level;
    return undefined;
  }
}
