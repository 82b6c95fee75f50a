/** The shared libraries that programs load from the system. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { WsiError } from '@wsi-operator/foundation';

export interface SystemLibrary {
  /** Where the program expects it. */
  readonly path: string;
  /** The file that it is, behind links. */
  readonly file: string;
}

/** The name service of the C library is loaded by name at run time, and so `ldd` does not list it. */
const NAME_SERVICE = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/**
 * Libraries of the system that the files need, directly or not. Those that lie beside the files themselves (found by
 * a run path) are theirs, not the system's.
 */
export function systemLibraries(files: readonly string[]): SystemLibrary[] {
  const paths = new Set<string>();
  for (const file of files) {
    for (const path of lddPaths(dependencyListing(file), file)) {
      if (/^\/(usr\/)?lib(32|64)?\//.test(path)) paths.add(path);
    }
  }
  return withFiles(paths);
}

/** The libraries for looking up host names, beside the C library. */
export function nameServiceLibraries(libraries: readonly SystemLibrary[]): SystemLibrary[] {
  const libc = libraries.find(({ path }) => path.endsWith('/libc.so.6'));
  if (libc === undefined) return [];
  const folder = libc.path.slice(0, libc.path.lastIndexOf('/'));
  return withFiles(new Set(NAME_SERVICE.map((name) => `${folder}/${name}`)));
}

function withFiles(paths: ReadonlySet<string>): SystemLibrary[] {
  return [...paths].sort().map((path) => ({ path, file: realpathSync(path) }));
}

function dependencyListing(file: string): string {
  try {
    return execFileSync('ldd', [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    throw WsiError.from(error, 'NotFound', { where: file, remedy: 'ldd must be there, and know the file.' });
  }
}

/** @throws WsiError `NotFound` when a library is missing */
export function lddPaths(output: string, file: string): string[] {
  return output.split('\n').flatMap((line) => {
    const missing = /^\s*(\S+) => not found/.exec(line)?.[1];
    if (missing !== undefined) {
      throw new WsiError('NotFound', `The library ${missing} is not on this machine`, { where: file });
    }
    const path = /(?:=> )?(\/\S+) \(0x[0-9a-f]+\)/.exec(line)?.[1];
    return path === undefined ? [] : [path];
  });
}

/** Whether a file is a program or library for this operating system: it begins as one. */
export function isElf(file: string): boolean {
  return readFileSync(file).subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'));
}
