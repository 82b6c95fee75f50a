/**
 * Checkpoints: one directory a version, which appears as a whole or not at all.
 *
 *     checkpoints/step-00000042/
 *       model.safetensors        every parameter under its name
 *       state.safetensors        the optimizer's slots and, with staleness, older versions, each as one flat vector
 *       cursor.json              where the run stands, the sha256 of the other files, and of itself
 *
 * Written to a temporary name, each file fsynced, renamed, and the parent fsynced. On loading, every sha256 is
 * checked: a torn or altered checkpoint is skipped and named, and the one before it is used.
 */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  publicText,
  sha256,
  storageError,
  syncDirectory,
  systemErrorCode,
  writeFileSynced,
  WsiError,
  type Logger,
} from '@wsi-operator/foundation';
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from '@wsi-operator/engine';
import { cursorDigest, LONGEST_CURSOR, parseCursor, type Cursor } from './cursor.ts';

export interface Checkpoint {
  readonly cursor: Cursor;
  readonly path: string;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly state: Readonly<Record<string, Float32Array>>;
}

export interface CheckpointContent {
  readonly cursor: Omit<Cursor, 'files' | 'format' | 'sha256'>;
  readonly tensors: readonly NamedTensor[];
  readonly state: Readonly<Record<string, Float32Array>>;
}

const namePattern = /^step-(\d{8})$/;
const temporaryPattern = /^\.step-\d{8}\.tmp$/;

export class CheckpointDirectory {
  readonly path: string;
  readonly #logger: Logger;
  /** By step, why a checkpoint could not be loaded: these do not count among those that are kept. */
  readonly #damaged = new Map<number, string>();

  constructor(path: string, logger: Logger) {
    this.path = path;
    this.#logger = logger;
  }

  /**
   * Writes a checkpoint and keeps it with the newest whole ones before it, `keep` in all, and that of the step `pinned`. Later ones are removed: a run that writes an earlier step has found them damaged, and must not lose what
   * it writes now for their sake.
   */
  async write(content: CheckpointContent, keep: number, pinned?: number): Promise<string> {
    const name = nameOf(content.cursor.step);
    const final = join(this.path, name);
    const temporary = join(this.path, `.${name}.tmp`);
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary, { recursive: true });
      const slots = Object.entries(content.state).map(([slot, values]) => ({
        name: slot,
        shape: [values.length],
        values,
      }));
      const files = {
        'model.safetensors': encodeSafetensors(content.tensors, { step: String(content.cursor.step) }),
        'state.safetensors': encodeSafetensors(slots, {}),
      };
      const digests: Record<string, string> = {};
      for (const [file, bytes] of Object.entries(files)) {
        digests[file] = sha256(bytes);
        await writeFileSynced(join(temporary, file), bytes);
      }
      const cursor: Cursor = { ...content.cursor, format: 2, files: digests };
      const signed: Cursor = { ...cursor, sha256: cursorDigest(cursor) };
      await writeFileSynced(join(temporary, 'cursor.json'), `${JSON.stringify(signed, undefined, 2)}\n`);
      await rm(final, { recursive: true, force: true });
      await rename(temporary, final);
      await syncDirectory(this.path);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
      throw storageError(final, error);
    }
    this.#damaged.delete(content.cursor.step);
    await this.#prune(content.cursor.step, keep, pinned);
    return final;
  }

  /** The newest checkpoint that is whole, or undefined. Those that are not are named in the log. */
  async newest(): Promise<Checkpoint | undefined> {
    for (const step of (await this.steps()).reverse()) {
      const path = join(this.path, nameOf(step));
      try {
        return await loadCheckpoint(path);
      } catch (error) {
        this.#damaged.set(step, WsiError.from(error).message);
        this.#logger.warn({ checkpoint: path, error }, 'checkpoint is damaged: using the one before it');
      }
    }
    return undefined;
  }

  /** The checkpoint of a step. @throws WsiError `CheckpointInvalid` when it is not there or damaged */
  load(step: number): Promise<Checkpoint> {
    return loadCheckpoint(join(this.path, nameOf(step)));
  }

  /** What is wrong with those that {@link newest} passed over, the newest first. */
  get damage(): readonly string[] {
    return [...this.#damaged].sort(([a], [b]) => b - a).map(([, reason]) => reason);
  }

  /** Steps of the checkpoints that are there, ascending. */
  async steps(): Promise<number[]> {
    const names = await readdir(this.path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return [];
      throw storageError(this.path, error);
    });
    return names
      .map((name) => namePattern.exec(name)?.[1])
      .filter((step) => step !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
  }

  /** Removes what a writer that was killed has left; for the one process that writes here. */
  async sweep(): Promise<void> {
    const names = await readdir(this.path).catch(() => []);
    await Promise.all(names.filter((name) => temporaryPattern.test(name)).map((name) => this.#remove(name)));
  }

  /** Removes all checkpoints: what was trained until now does not count any more. */
  async clear(): Promise<void> {
    // The oldest first: a crash in between leaves the newest, which is recognised and cleared again.
    for (const step of await this.steps()) await this.#remove(nameOf(step));
  }

  async #prune(newest: number, keep: number, pinned?: number): Promise<void> {
    const steps = await this.steps();
    const whole = steps.filter((step) => step <= newest && !this.#damaged.has(step));
    const kept = [...whole.filter((step) => step === pinned), ...whole.slice(-Math.max(1, keep))];
    await Promise.all(steps.filter((step) => !kept.includes(step)).map((step) => this.#remove(nameOf(step))));
  }

  /** What cannot be removed takes space, and does no other harm. */
  async #remove(name: string): Promise<void> {
    const path = join(this.path, name);
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      this.#logger.warn({ path, error }, 'not removed');
    });
  }
}

function nameOf(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/** Loads one checkpoint directory, every file verified. @throws WsiError `CheckpointInvalid` naming the path */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  const cursor = await readCursor(path);
  const named = namePattern.exec(basename(path))?.[1];
  if (named !== undefined && Number(named) !== cursor.step) {
    throw invalid(path, `holds step ${cursor.step}: it was renamed or copied over`);
  }
  const read = async (file: string): Promise<Map<string, NamedTensor>> => {
    const bytes = await readFile(join(path, file)).catch((error: unknown) => {
      throw invalid(join(path, file), 'the file is missing or unreadable', error);
    });
    if (sha256(bytes) !== cursor.files[file])
      throw invalid(join(path, file), 'sha256 differs from the cursor');
    return decodeSafetensors(bytes, (problem) => invalid(join(path, file), problem));
  };
  const tensors = await read('model.safetensors');
  const slots = await read('state.safetensors');
  return {
    cursor,
    path,
    tensors,
    state: Object.fromEntries([...slots].map(([name, { values }]) => [name, values])),
  };
}

async function readCursor(path: string): Promise<Cursor> {
  const file = join(path, 'cursor.json');
  const cursor = parseCursor(await readText(file));
  if (typeof cursor === 'string') throw invalid(file, cursor);
  return cursor;
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= LONGEST_CURSOR) return await readFile(file, 'utf8');
  } catch (error) {
    throw invalid(file, 'there is no readable checkpoint here', error);
  }
  throw invalid(file, `it is longer than ${LONGEST_CURSOR} bytes`);
}

function invalid(where: string, problem: string, cause?: unknown): WsiError {
  return new WsiError('CheckpointInvalid', problem, {
    where,
    remedy: publicText`Use another checkpoint; it cannot be repaired.`,
    cause,
  });
}
