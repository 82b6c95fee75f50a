/**
 * Reads a file in blocks that are kept: for the directories of a TIFF, which are hundreds of small values that lie
 * together, at the beginning, at the end or between the pictures.
 */
import type { FileHandle } from 'node:fs/promises';
import type { ByteSource } from '../tiff/read/byte-source.ts';

const BLOCK_BYTES = 65_536;
/** Longer values (the places of a million tiles) are read as they are, once. */
const LONGEST_KEPT = 2 ** 20;

export class BlockReader implements ByteSource {
  readonly remote: boolean;
  readonly size: number;
  readonly #source: ByteSource;
  /** By number. Those that are on their way are there too, so that none is read twice. */
  readonly #blocks = new Map<number, Promise<Buffer>>();

  /** @param head what the file begins with, if that is known already: whole blocks, or the whole file */
  constructor(source: ByteSource, head: Buffer = Buffer.alloc(0)) {
    this.#source = source;
    this.remote = source.remote;
    this.size = source.size;
    for (let start = 0; start < head.length; start += BLOCK_BYTES) {
      const block = head.subarray(start, start + BLOCK_BYTES);
      if (block.length === this.#lengthOf(start / BLOCK_BYTES)) {
        this.#blocks.set(start / BLOCK_BYTES, Promise.resolve(block));
      }
    }
  }

  async read(position: number, length: number): Promise<Buffer> {
    // What is not in the file is left to the source to report.
    if (length === 0 || length > LONGEST_KEPT || !(position >= 0 && position + length <= this.size)) {
      return this.#source.read(position, length);
    }
    const first = Math.floor(position / BLOCK_BYTES);
    const last = Math.floor((position + length - 1) / BLOCK_BYTES);
    this.#fetch(first, last);
    const blocks = await Promise.all(
      Array.from({ length: last - first + 1 }, (_, index) => this.#blocks.get(first + index)!),
    );
    const start = position - first * BLOCK_BYTES;
    const whole = blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
    return whole.subarray(start, start + length);
  }

  /** Writes what is kept at its place in a file, which gets the same size. */
  async writeTo(file: FileHandle): Promise<void> {
    await file.truncate(this.size);
    for (const [number, block] of this.#blocks)
      await file.write(await block, 0, undefined, number * BLOCK_BYTES);
  }

  /** Lets go of the memory; later reads fetch again. */
  forget(): void {
    this.#blocks.clear();
  }

  close(): Promise<void> {
    this.forget();
    return this.#source.close();
  }

  /** Begins to read the blocks that are missing, neighbours together. */
  #fetch(first: number, last: number): void {
    for (let number = first; number <= last; number++) {
      if (this.#blocks.has(number)) continue;
      let end = number + 1;
      while (end <= last && !this.#blocks.has(end)) end++;
      const start = number * BLOCK_BYTES;
      const run = this.#source.read(start, Math.min(end * BLOCK_BYTES, this.size) - start);
      for (let of = number; of < end; of++) {
        const from = of * BLOCK_BYTES - start;
        const block = run.then((bytes) => bytes.subarray(from, from + this.#lengthOf(of)));
        // A failure is reported to its reader; the next read tries again.
        block.catch(() => this.#blocks.delete(of));
        this.#blocks.set(of, block);
      }
      number = end - 1;
    }
  }

  #lengthOf(number: number): number {
    return Math.min(BLOCK_BYTES, this.size - number * BLOCK_BYTES);
  }
}
