/**
 * The journal: an append-only file beside the checkpoints in which the coordinator notes what a successor could not know
 * otherwise. It is started afresh with each generation and cut at each checkpoint.
 *
 * Nobody waits for the disk: a record is written at once and synced with those that came meanwhile. What a crash takes
 * with it is computed again, so a journal that cannot be written costs nothing but that: the run goes on without one
 * until the next is begun.
 */
import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { writeFileAtomically, type Logger } from '@wsi-operator/foundation';
import { decodeRecords, encodeRecord, type JournalRecord } from './journal-records.ts';

/** The file, or a simulated one. */
export interface JournalStore {
  read(): Promise<Uint8Array>;
  /** As a whole or not at all. */
  replace(content: Uint8Array): Promise<void>;
  append(content: Uint8Array): Promise<void>;
  sync(): Promise<void>;
}

export class Journal {
  readonly #store: JournalStore;
  readonly #logger: Logger;
  #pending: string[] = [];
  #last: Promise<void> = Promise.resolve();
  #unsynced = false;
  #syncing = false;
  #broken = true;

  constructor(store: JournalStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  async read(): Promise<JournalRecord[]> {
    return decodeRecords(await this.#store.read().catch(() => new Uint8Array(0)));
  }

  /** Forgets all that was noted until now. */
  begin(records: readonly JournalRecord[]): Promise<void> {
    return this.#queue(async () => {
      this.#pending = [];
      await this.#store.replace(Buffer.from(records.map(encodeRecord).join('')));
      this.#broken = false;
    });
  }

  /** Resolves when the record is written, if it can be: it outlives this process then, though not yet the machine. */
  append(record: JournalRecord): Promise<void> {
    if (this.#broken) return this.#last;
    this.#pending.push(encodeRecord(record));
    return this.#queue(async () => {
      const lines = this.#pending.join('');
      this.#pending = [];
      if (lines === '' || this.#broken) return;
      await this.#store.append(Buffer.from(lines));
      this.#sync();
    });
  }

  #queue(action: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(action).catch((error: unknown) => {
      this.#broken = true;
      this.#logger.warn(
        { error },
        'the journal cannot be written: should the coordinator fail, its successor goes back to the last checkpoint',
      );
    });
    return this.#last;
  }

  #sync(): void {
    this.#unsynced = true;
    if (this.#syncing) return;
    this.#syncing = true;
    const loop = async (): Promise<void> => {
      while (this.#unsynced) {
        this.#unsynced = false;
        await this.#store.sync();
      }
    };
    loop()
      // Reported by the next write, if it matters.
      .catch(() => undefined)
      .finally(() => {
        this.#syncing = false;
      });
  }
}

export class JournalFile implements JournalStore {
  readonly #path: string;
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  read(): Promise<Uint8Array> {
    return readFile(this.#path);
  }

  /** A coordinator that was taken for dead goes on writing to a file that has no name any more. */
  async replace(content: Uint8Array): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    try {
      await writeFileAtomically(this.#path, content);
      this.#file = await open(this.#path, 'a');
    } catch (error) {
      // It would only be in the way: it describes a generation that is over.
      await rm(this.#path, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async append(content: Uint8Array): Promise<void> {
    await this.#file?.appendFile(content);
  }

  async sync(): Promise<void> {
    await this.#file?.datasync();
  }
}
