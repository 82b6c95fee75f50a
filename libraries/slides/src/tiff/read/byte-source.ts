/** Reads of a file at given positions, which never go past its end. */
import { open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode, WsiError } from '@wsi-operator/foundation';

export interface ByteSource {
  /** Whether reads wait for a network rather than for a disk. */
  readonly remote: boolean;
  /** Bytes in the file. */
  readonly size: number;
  /** Exactly `length` bytes. @throws WsiError SlideUnreadable when the file does not have them (any more) */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Bytes in a file. */
export interface ByteRange {
  readonly position: number;
  readonly length: number;
}

/**
 * Ranges that follow each other this closely are read in one go: a call costs as much as some kilobytes, a request to a
 * store as much as megabytes; but those are paid for, and a survey of few tiles must not read the whole slide.
 */
const COALESCING = {
  disk: { gap: 4096, longest: 2 ** 21 },
  network: { gap: 2 ** 15, longest: 2 ** 23 },
} as const;

/** Several ranges, in their order; neighbours in the file are read together. The results may share memory. */
export async function readRanges(source: ByteSource, ranges: readonly ByteRange[]): Promise<Buffer[]> {
  const { gap, longest } = source.remote ? COALESCING.network : COALESCING.disk;
  const order = ranges.map((_, index) => index).sort((a, b) => ranges[a]!.position - ranges[b]!.position);
  const runs: { start: number; end: number; members: number[] }[] = [];
  for (const index of order) {
    const { position, length } = ranges[index]!;
    const last = runs.at(-1);
    const end = position + length;
    if (last !== undefined && position - last.end <= gap && end - last.start <= longest) {
      last.members.push(index);
      last.end = Math.max(last.end, end);
    } else {
      runs.push({ start: position, end, members: [index] });
    }
  }
  const results: Buffer[] = [];
  await Promise.all(
    runs.map(async ({ start, end, members }) => {
      const bytes = await source.read(start, end - start);
      for (const index of members) {
        const { position, length } = ranges[index]!;
        results[index] = bytes.subarray(position - start, position - start + length);
      }
    }),
  );
  return results;
}

export async function openBytes(path: string): Promise<ByteSource> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    return new FileBytes(path, file, size);
  } catch (error) {
    await file?.close();
    throw unreadable(path, error);
  }
}

class FileBytes implements ByteSource {
  readonly remote = false;
  readonly size: number;
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.size = size;
  }

  async read(position: number, length: number): Promise<Buffer> {
    requireInside(this, { position, length }, this.#path);
    const buffer = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#file
        .read(buffer, done, length - done, position + done)
        .catch((error: unknown) => {
          throw unreadable(this.#path, error);
        });
      if (bytesRead === 0) {
        throw new WsiError('SlideUnreadable', 'The file became shorter while it was read.', {
          where: this.#path,
          remedy: 'Wait until it is completely written, then start again.',
        });
      }
      done += bytesRead;
    }
    return buffer;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** @throws WsiError `SlideUnreadable` for a range that the file does not have */
export function requireInside(
  { size }: Pick<ByteSource, 'size'>,
  { position, length }: ByteRange,
  where: string,
): void {
  if (Number.isSafeInteger(position) && position >= 0 && length >= 0 && position + length <= size) return;
  throw new WsiError(
    'SlideUnreadable',
    `The file ends at byte ${size}, but it refers to bytes ${position} to ${position + length}.`,
    { where, remedy: 'The file is truncated or damaged: copy it again from its source.' },
  );
}

function unreadable(path: string, error: unknown): WsiError {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new WsiError('NotFound', 'There is no such slide.', {
      where: path,
      remedy: 'Check the path, and that the disk with the slides is mounted.',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new WsiError('SlideUnreadable', 'This user may not read the slide.', {
      where: path,
      remedy: 'Give this user read permission on the file and its directories.',
      cause: error,
    });
  }
  return new WsiError('SlideUnreadable', `The file could not be read (${code ?? String(error)}).`, {
    where: path,
    remedy: 'Check that its disk is still mounted and healthy.',
    cause: error,
  });
}
