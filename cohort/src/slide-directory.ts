/** The slides of a cohort on disk. */
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { systemErrorCode } from '@wsi/foundation';
import { didYouMean } from './spelling.ts';
import type { SlideLookup, SlideOracle } from './table-fields.ts';

export interface SlideAcceptance {
  /** Whether files of 0 bytes are taken. */
  readonly empty: boolean;
}

/** The oracle of a directory: absolute paths and paths out of it are allowed, but the file must exist and be read. */
export function slideDirectory(directory: string, accept: SlideAcceptance = { empty: false }): SlideOracle {
  const listings = new Map<string, readonly string[]>();
  const list = (path: string): readonly string[] => {
    let names = listings.get(path);
    if (names === undefined) {
      try {
        names = readdirSync(path).sort();
      } catch {
        // The hint is a courtesy: a directory that cannot be listed only means that none is given.
        names = [];
      }
      listings.set(path, names);
    }
    return names;
  };
  return (name) => lookUp(name, { path: resolve(directory, name), accept, list });
}

interface Place {
  readonly path: string;
  readonly accept: SlideAcceptance;
  readonly list: (path: string) => readonly string[];
}

function lookUp(name: string, { path, accept, list }: Place): SlideLookup {
  const missing = (problem: string): SlideLookup => ({
    found: false,
    reason: `the slide '${name}' ${problem}`,
  });
  try {
    const status = statSync(path);
    if (status.isDirectory()) return missing(`is a directory; name the slide's file in it`);
    if (status.size === 0 && !accept.empty) return missing('is an empty file (0 bytes); copy it again');
    accessSync(path, constants.R_OK);
    return { found: true, path, identity: realpathSync(path) };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EACCES' || code === 'EPERM') return missing('may not be read by this user');
    const parent = dirname(path);
    return missing(`does not exist in ${parent}${didYouMean(basename(path), list(parent))}`);
  }
}
