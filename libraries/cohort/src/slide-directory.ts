/** The slides of a cohort on disk. */
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { systemErrorCode } from '@wsi-operator/foundation';
import { FileCopies } from './file-copies.ts';
import { enumerate } from './problems.ts';
import { SlideHints } from './slide-hints.ts';
import { quoted } from './spelling/characters.ts';
import type { SlideLookup, SlideOracle } from './table-fields.ts';

export interface SlideAcceptance {
  /** Whether files of 0 bytes are taken. */
  readonly empty: boolean;
}

/** The oracle of a directory: absolute paths and paths out of it are allowed, but the file must exist and be read. */
export function slideDirectory(directory: string, accept: SlideAcceptance = { empty: false }): SlideOracle {
  const hints = new SlideHints(directory);
  const copies = new FileCopies();
  return (name) => lookUp(name, { path: resolve(directory, name), accept, hints, copies });
}

interface Place {
  readonly path: string;
  readonly accept: SlideAcceptance;
  readonly hints: SlideHints;
  readonly copies: FileCopies;
}

function lookUp(name: string, { path, accept, hints, copies }: Place): SlideLookup {
  const missing = (problem: string): SlideLookup => ({
    found: false,
    reason: `the slide ${quoted(name)} ${problem}`,
  });
  try {
    const status = statSync(path);
    if (status.isDirectory()) return missing(`is a directory; name the slide's file in it`);
    if (status.size === 0 && !accept.empty) return missing('is an empty file (0 bytes); copy it again');
    accessSync(path, constants.R_OK);
    // Hard links have no path of their own; other files keep theirs, as some network drives renumber files.
    const identity = status.nlink > 1 ? `${status.dev}:${status.ino}` : realpathSync(path);
    return { found: true, path, identity, copyOf: copies.copyOf(path, identity, status.size) };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EACCES' || code === 'EPERM') return missing('may not be read by this user');
    return missing(hints.whyMissing(name, path));
  }
}

/** Files of the directory that end like slides of the cohort, but are none of them: a row may have been lost. */
export function unlistedNote(directory: string, listed: readonly string[]): string | undefined {
  const known = new Set(listed);
  const endings = new Set(listed.map((path) => extname(path)).filter((ending) => ending !== ''));
  const others = readdirSync(directory)
    .sort()
    .filter((name) => endings.has(extname(name)) && !known.has(resolve(directory, name)));
  if (others.length === 0) return undefined;
  const count = others.length === 1 ? '1 file that ends' : `${others.length} files that end`;
  return `${count} like a slide of the table, but in no row that is used: ${enumerate(others.map(quoted))}`;
}
