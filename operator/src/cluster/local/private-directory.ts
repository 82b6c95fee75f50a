/**
 * A directory for Unix sockets and small files that only this user can enter. Its path is short: the address of a
 * Unix socket holds 107 bytes on Linux, 103 on macOS. Directories of runs that were killed are removed on the way.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { storageError } from '@wsi-operator/foundation';
import { identify, isGone, type ProcessIdentity } from './process-identity.ts';

const PREFIX = 'wsi-run-';
const OWNER_FILE = 'owner.json';
/** Room for `/s12345.sock` below the directory. */
const LONGEST_DIRECTORY = 80;

export function makePrivateDirectory(root = tmpdir()): string {
  const parent = Buffer.byteLength(root) + PREFIX.length + 7 <= LONGEST_DIRECTORY ? root : '/tmp';
  try {
    removeAbandoned(parent);
    // Mode 0700.
    const path = mkdtempSync(join(parent, PREFIX));
    writeFileSync(join(path, OWNER_FILE), JSON.stringify(identify(process.pid) ?? {}));
    return path;
  } catch (error) {
    throw storageError(parent, error);
  }
}

/** Guards the removal of a directory whose path was read from a file. */
export function isPrivateDirectory(path: unknown): path is string {
  return typeof path === 'string' && path.startsWith('/') && basename(path).startsWith(PREFIX);
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    if (isAbandoned(path)) rmSync(path, { recursive: true, force: true });
  }
}

/** True only when its owner is known, of this user and this host, and gone. */
function isAbandoned(path: string): boolean {
  try {
    if (statSync(path).uid !== process.getuid?.()) return false;
    const owner = JSON.parse(readFileSync(join(path, OWNER_FILE), 'utf8')) as Partial<ProcessIdentity>;
    return isGone(owner);
  } catch {
    // Just being made, or being removed by another run.
    return false;
  }
}
