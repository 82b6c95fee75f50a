/**
 * A directory for Unix sockets and small files that only this user can enter. Its path is short: the address of a
 * Unix socket holds 107 bytes on Linux, 103 on macOS.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { storageError } from '@wsi/foundation';

const PREFIX = 'wsi-run-';
/** Room for `/s12345.sock` below the directory. */
const LONGEST_DIRECTORY = 80;

export function makePrivateDirectory(): string {
  const roots = [tmpdir(), '/tmp'];
  const root = roots.find(
    (candidate) => Buffer.byteLength(candidate) + PREFIX.length + 7 <= LONGEST_DIRECTORY,
  );
  const parent = root ?? '/tmp';
  try {
    // Mode 0700.
    return mkdtempSync(join(parent, PREFIX));
  } catch (error) {
    throw storageError(parent, error);
  }
}

/** Guards the removal of a directory whose path was read from a file. */
export function isPrivateDirectory(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/') && basename(path).startsWith(PREFIX);
}
