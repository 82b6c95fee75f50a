/**
 * Files that are either whole or absent: written to a temporary name beside the target, fsynced, renamed, and the
 * directory fsynced. A crash leaves at most a `*.tmp` file, which nothing reads.
 */
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemErrorCode, WsiError } from './errors.ts';
import { publicText, type PublicText } from './public-text.ts';

/** @param mode of the file; by default what the umask leaves of 0666 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string,
  mode?: number,
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFileSynced(temporary, content, mode);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError(path, error);
  }
}

/**
 * Opens for writing what is not there yet, after removing what an earlier try has left. The names of temporary files can be
 * foreseen: whoever may write in the directory could have made a link of that name to a file of this user's.
 */
export async function openAnew(path: string, mode?: number): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, 'wx', mode);
}

/** Writes and fsyncs; the caller renames (used for directories that appear as a whole). */
export async function writeFileSynced(
  path: string,
  content: Uint8Array | string,
  mode?: number,
): Promise<void> {
  const file = await openAnew(path, mode);
  try {
    // Whatever the umask takes away.
    if (mode !== undefined) await file.chmod(mode);
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
  const remedies: Record<string, PublicText> = {
    ENOSPC: publicText`Free space on that disk, or choose another output directory.`,
    EDQUOT: publicText`The quota of that disk is used up: free space or choose another output directory.`,
    EROFS: publicText`The file system is read-only: choose another output directory.`,
    EACCES: publicText`Give this user write permission, or choose another output directory.`,
    ENOTDIR: publicText`A part of this path is a file: choose another output directory.`,
    EIO: publicText`Check that disk, or choose another output directory.`,
    ENOENT: publicText`The directory is gone: restore it, or choose another one.`,
  };
  const remedy =
    (code === undefined ? undefined : remedies[code]) ?? publicText`Choose another output directory.`;
  return WsiError.from(error, 'StorageFailed', {
    where: path,
    remedy,
    retryable: code === 'ENOSPC' || code === 'EDQUOT',
  });
}
