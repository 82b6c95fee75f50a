/** Where copies of slides from S3 lie that only OpenSlide reads, and what is said when there is no room. */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemErrorCode, WsiError } from '@wsi/foundation';

const REMEDY = 'Give it more room, or name another directory by WSI_CACHE_DIRECTORY.';

/** WSI_CACHE_DIRECTORY, or one beside other temporary files; made if need be. @throws WsiError `StorageFailed` */
export async function cacheDirectory(): Promise<string> {
  const chosen = process.env['WSI_CACHE_DIRECTORY'] ?? '';
  const directory = chosen === '' ? join(tmpdir(), 'wsi-slides') : chosen;
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw cacheStorageError(directory, error);
  }
  return directory;
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
