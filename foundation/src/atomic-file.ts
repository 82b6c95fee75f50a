/**
 * Files that are either whole or absent: written to a temporary name beside the target, fsynced, renamed, and the
 * directory fsynced. A crash leaves at most a `*.tmp` file, which nothing reads.
 */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode, WsiError } from './errors.ts';

export async function writeFileAtomically(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileSynced(temporary, content);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(path, error);
  }
}

/** Writes and fsyncs; the caller renames (used for directories that appear as a whole). */
export async function writeFileSynced(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A failed write in words: names the path and the remedy. */
export function storageError(path: string, error: unknown): WsiError {
  const code = systemErrorCode(error);
  const remedies: Record<string, string> = {
    ENOSPC: 'Free space on that disk, or choose another output directory.',
    EDQUOT: 'The quota of that disk is used up: free space or choose another output directory.',
    EROFS: 'The file system is read-only: choose another output directory.',
    EACCES: 'Give this user write permission, or choose another output directory.',
    ENOTDIR: 'A part of this path is a file: choose another output directory.',
    EIO: 'Check that disk, or choose another output directory.',
    ENOENT: 'The directory is gone: restore it, or choose another one.',
  };
  const remedy = (code === undefined ? undefined : remedies[code]) ?? 'Choose another output directory.';
  return WsiError.from(error, 'StorageFailed', {
    where: path,
    remedy,
    retryable: code === 'ENOSPC' || code === 'EDQUOT',
  });
}
