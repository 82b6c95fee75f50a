/** A disk that is small enough to be filled: a file system in memory. Needs root, or there is none. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '@wsi-operator/foundation';
import { attempt, run } from '@wsi-operator/cluster';

const SIZE = '96m';

export class SmallDisk {
  readonly path: string;
  readonly #mounted: boolean;

  private constructor(path: string, mounted: boolean) {
    this.path = path;
    this.#mounted = mounted;
  }

  /** A directory at least; one that can be filled where the system allows it. */
  static async make(path: string): Promise<SmallDisk> {
    await mkdir(path, { recursive: true });
    if (process.getuid?.() !== 0) return new SmallDisk(path, false);
    const { code } = await attempt('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${SIZE},mode=700`,
      'wsi-storm',
      path,
    ]);
    return new SmallDisk(path, code === 0);
  }

  get canBeFilled(): boolean {
    return this.#mounted;
  }

  /** Writes until not a byte more can be written. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (let size = 1 << 20; size > 0; size >>= 4) this.#fillBy(file, Buffer.alloc(size));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  async remove(): Promise<void> {
    if (this.#mounted) await run('umount', [this.path]);
  }

  get #filler(): string {
    return join(this.path, 'filler');
  }

  #fillBy(file: number, piece: Buffer): void {
    for (;;) {
      try {
        writeSync(file, piece);
      } catch (error) {
        if (systemErrorCode(error) === 'ENOSPC') return;
        throw error;
      }
    }
  }
}
