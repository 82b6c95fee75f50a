/** Where copies of slides from S3 lie that only OpenSlide reads, and what is said when there is no room. */
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode, WsiError } from '@wsi-operator/foundation';

const PRIVATE = 0o700;
const FOREIGN_REMEDY = 'Find out who made it; remove it, or name another directory by WSI_CACHE_DIRECTORY.';
const REMEDY = 'Give it more room, or name another directory by WSI_CACHE_DIRECTORY.';

/**
 * WSI_CACHE_DIRECTORY, which is trusted with whoever may write there; else one of this user among the temporary files,
 * which nobody else can enter. Made if need be.
 * @throws WsiError `StorageFailed`, also when somebody else has made that directory, or a link in its place
 */
export async function cacheDirectory(temporary = tmpdir()): Promise<string> {
  const chosen = process.env['WSI_CACHE_DIRECTORY'] ?? '';
  if (chosen === '') return ownDirectory(join(temporary, `wsi-slides-${process.getuid?.() ?? 'user'}`));
  try {
    await mkdir(chosen, { recursive: true });
  } catch (error) {
    throw cacheStorageError(chosen, error);
  }
  return chosen;
}

async function ownDirectory(directory: string): Promise<string> {
  try {
    await mkdir(directory, { mode: PRIVATE }).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    });
    const found = await lstat(directory);
    const isOwn = found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
    if (!isOwn)
      throw new WsiError('StorageFailed', foreign(found), { where: directory, remedy: FOREIGN_REMEDY });
    if ((found.mode & 0o077) !== 0) await chmod(directory, PRIVATE);
  } catch (error) {
    throw cacheStorageError(directory, error);
  }
  return directory;
}

function foreign(found: { isDirectory(): boolean; isSymbolicLink(): boolean; uid: number }): string {
  const what = found.isSymbolicLink() ? 'a link' : found.isDirectory() ? 'a directory' : 'no directory';
  return `the local copies of slides: this is ${what} of user ${found.uid}, and copies are read from it as slides`;
}

export function cacheStorageError(directory: string, error: unknown): WsiError {
  if (error instanceof WsiError) return error;
  const code = systemErrorCode(error);
  const problem =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full'
      : `it cannot be written (${code ?? String(error)})`;
  return new WsiError('StorageFailed', `the local copies of slides: ${problem}`, {
    where: directory,
    remedy: REMEDY,
    cause: error,
  });
}

export function noRoom(directory: string, needed: number, free: number): WsiError {
  return new WsiError(
    'StorageFailed',
    `a local copy of a slide needs ${Math.ceil(needed / 2 ** 20)} MiB, and ${Math.floor(free / 2 ** 20)} MiB are free`,
    { where: directory, remedy: REMEDY },
  );
}
