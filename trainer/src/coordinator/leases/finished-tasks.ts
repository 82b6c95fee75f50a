/**
 * Results of tasks of steps that are not applied yet. A task is a pure function, so what is finished stays finished when
 * a generation ends or another coordinator takes over: partial aggregates are kept here and in the journal, leaves of the
 * gradient on the parameter servers. Results of the gathered path are too large to be kept twice and are computed again.
 */
import type { EmbedResult, TaskResult } from '@wsi-operator/protocol';
import type { Journal } from '../run/journal.ts';
import { embeddedRecord, stepOf, type JournalRecord } from '../run/journal-records.ts';
import type { TaskPool } from '../../scoring/task-pool.ts';

export class FinishedTasks {
  readonly #journal: Journal;
  readonly #embedded = new Map<string, EmbedResult>();
  /** By step, leaves that all servers hold. */
  #leaves: ReadonlyMap<number, ReadonlySet<number>> = new Map();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** The pool, for which tasks that are finished are not run again. */
  over(pool: TaskPool): TaskPool {
    return {
      run: async (body, options): Promise<TaskResult> => {
        const known = this.#embedded.get(body.id);
        if (body.embed && known !== undefined) return { embed: known };
        if (body.gradient && this.#leaves.get(body.gradient.step)?.has(body.gradient.leaf))
          return { gradient: {} };
        const result = await pool.run(body, options);
        if (result.embed?.embeddings.byteLength === 0) {
          this.#embedded.set(body.id, result.embed);
          void this.#journal.append(embeddedRecord(body.id, result.embed));
        }
        return result;
      },
    };
  }

  /** What another coordinator, or the generation before, has left. */
  adopt(embedded: ReadonlyMap<string, EmbedResult>, leaves: ReadonlyMap<number, ReadonlySet<number>>): void {
    for (const [task, result] of embedded) this.#embedded.set(task, result);
    this.#leaves = leaves;
  }

  /** A generation begins on servers that hold no gradient. */
  forgetLeaves(): void {
    this.#leaves = new Map();
  }

  /** Steps below the version are applied. */
  committed(version: number): void {
    for (const task of this.#embedded.keys()) if (stepOf(task) < version) this.#embedded.delete(task);
  }

  /** The run is another one now. */
  clear(): void {
    this.#embedded.clear();
    this.#leaves = new Map();
  }

  records(): JournalRecord[] {
    return [...this.#embedded].map(([task, result]) => embeddedRecord(task, result));
  }
}
