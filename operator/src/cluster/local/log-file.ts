/**
 * A process' log: OUTPUT/logs/POD.log, appended to by the process itself, so that its last words are kept whoever
 * dies first. Its size is bounded: past the limit the file is copied to POD.1.log and cut (a few lines written in
 * between may be lost).
 */
import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { storageError } from '@wsi-operator/foundation';

export const LONGEST_LOG_BYTES = 16 * 1024 * 1024;
/** As much as Kubernetes takes of a log for a termination message. */
const TAIL_BYTES = 2048;

export class LogFile {
  readonly path: string;
  readonly #longest: number;

  constructor(directory: string, pod: string, longest = LONGEST_LOG_BYTES) {
    this.path = join(directory, `${pod}.log`);
    this.#longest = longest;
    try {
      mkdirSync(directory, { recursive: true });
    } catch (error) {
      throw storageError(directory, error);
    }
  }

  /** A descriptor for the process' standard output and error; the caller closes it. */
  open(): number {
    try {
      return openSync(this.path, 'a');
    } catch (error) {
      throw storageError(this.path, error);
    }
  }

  /** Size now, to tell later what one process has written. */
  size(): number {
    try {
      return statSync(this.path).size;
    } catch {
      // Not written yet.
      return 0;
    }
  }

  /** Cuts the file when it has grown past the limit. */
  bound(): void {
    if (this.size() <= this.#longest) return;
    copyFileSync(this.path, this.path.replace(/\.log$/, '.1.log'));
    truncateSync(this.path);
  }

  /** The last bytes that were written after `start`. */
  tail(start: number): string {
    let file: number;
    try {
      file = openSync(this.path, 'r');
    } catch {
      // Removed by the user: there is nothing to show.
      return '';
    }
    try {
      const end = fstatSync(file).size;
      const from = Math.max(start <= end ? start : 0, end - TAIL_BYTES);
      const bytes = Buffer.alloc(end - from);
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, from));
    } finally {
      closeSync(file);
    }
  }
}
