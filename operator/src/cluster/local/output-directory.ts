import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { storageError, systemErrorCode, WsiError } from '@wsi-operator/foundation';

/**
 * Makes a directory with its parents, one by one: Node's recursive mkdir never returns where a file system refuses
 * new entries as if their parent were missing (/proc).
 * @param path absolute
 * @throws WsiError when it cannot be made
 */
export function makeOutputDirectory(path: string): void {
  const missing: string[] = [];
  for (let next = path; !isThere(next, path); next = dirname(next)) missing.unshift(next);
  for (const next of missing) {
    try {
      mkdirSync(next);
    } catch (error) {
      if (systemErrorCode(error) !== 'EEXIST') throw storageError(path, error);
    }
  }
}

function isThere(path: string, given: string): boolean {
  try {
    if (statSync(path).isDirectory()) return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw storageError(given, error);
  }
  throw new WsiError('StorageFailed', `cannot be made: ${path} is not a directory`, {
    where: given,
    remedy: 'Choose another output directory.',
  });
}
