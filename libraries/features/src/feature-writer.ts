/** Writes files of features: the same bytes for the same features, and a whole file or none. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { storageError, syncDirectory } from '@wsi-operator/foundation';
import type { FeatureContent } from './layouts/content.ts';
import { Hdf5Thread } from './thread/hdf5-thread.ts';

export interface FeatureRows {
  /** [n, D]. */
  readonly features: Float32Array;
  /** [n, 2], level-0 pixels. */
  readonly coordinates: Float64Array;
}

/** Of a file that is being written; without the last part, as earlier versions wrote them. */
const UNFINISHED = /\.h5\.\d+(-[0-9a-f]+)?\.tmp$/;

/** What writers that were killed left in a directory; for when none writes there. */
export async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const unfinished = names.filter((name) => UNFINISHED.test(name));
  await Promise.all(unfinished.map((name) => rm(join(directory, name), { force: true })));
}

export class FeatureWriter {
  readonly #thread = new Hdf5Thread();

  /**
   * Writes one file after the other; a second call has to wait for the first.
   * @param parts in the order of the rows; the next is asked for when one is written
   * @param isThere asked before the file gets its name; when it answers true, what has it already stays
   * @throws WsiError `StorageFailed`, or what `parts` throws; no file is left then
   */
  async write(
    path: string,
    content: FeatureContent,
    parts: AsyncIterable<FeatureRows> | Iterable<FeatureRows>,
    isThere: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<void> {
    // Processes in containers that share a volume may have the same number.
    const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    try {
      await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
        throw storageError(path, error);
      });
      await rm(temporary, { force: true });
      await this.#thread.call({ kind: 'create', path: temporary, content });
      for await (const { features, coordinates } of parts) {
        await this.#thread.call({ kind: 'append', features, coordinates });
      }
      await this.#thread.call({ kind: 'finish' });
      if (await isThere()) {
        await rm(temporary, { force: true });
        return;
      }
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    } catch (error) {
      // The file is open on the thread.
      await this.#thread.close();
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
