/** Why a slide of the table is not there, and where it may be. */
import { lstatSync, readdirSync, readlinkSync, type Dirent } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { quoted } from './spelling/characters.ts';
import { didYouMean } from './spelling/nearest.ts';

const ADDRESS = /^[a-z][a-z\d+.-]+:\/\//i;
/** `a.svs;b.svs`, `['a.svs', 'b.svs']`. */
const SEVERAL = /\.\w{2,5}['"]?\s*[;,|]\s*\S|^\[.*\]$/;
/** Directories below that of the slides that are searched: a download of the GDC has one for each slide. */
const MOST_DIRECTORIES = 20_000;

export class SlideHints {
  readonly #directory: string;
  readonly #files = new Map<string, readonly string[]>();
  #below: ReadonlyMap<string, string> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What follows `the slide 'NAME'`. */
  whyMissing(name: string, path: string): string {
    if (ADDRESS.test(name))
      return 'is an address: slides are read from a directory or from s3://, so copy it there';
    const target = targetOf(path);
    if (target !== undefined) return `is a symbolic link to ${quoted(target)}, which is not there`;
    const parent = dirname(path);
    const there = this.#placeOf(basename(name.replaceAll('\\', '/')));
    const found = there === undefined ? '' : `it may be ${quoted(there)}`;
    if (name.includes('\\')) {
      const hint = found === '' ? 'write / and what this machine calls it' : `here ${found}`;
      return `does not exist in ${parent} (a path of Windows: ${hint})`;
    }
    if (SEVERAL.test(name))
      return 'does not exist: several names in one field? The table has one row a slide';
    if (found !== '') return `does not exist in ${parent} (${found})`;
    return `does not exist in ${parent}${nameHint(basename(path), this.#list(parent))}`;
  }

  /** Where a file of this name is, in the directory of the slides or one level below. */
  #placeOf(name: string): string | undefined {
    this.#below ??= new Map(
      [this.#directory, ...directoriesIn(this.#directory).slice(0, MOST_DIRECTORIES)]
        .reverse()
        .flatMap((path) =>
          this.#list(path).map((file) => [file, relative(this.#directory, join(path, file))] as const),
        ),
    );
    return this.#below.get(name);
  }

  #list(path: string): readonly string[] {
    let names = this.#files.get(path);
    if (names === undefined) {
      names = entriesOf(path).flatMap((entry) => (entry.isDirectory() ? [] : [entry.name]));
      this.#files.set(path, names);
    }
    return names;
  }
}

function directoriesIn(path: string): string[] {
  return entriesOf(path).flatMap((entry) => (entry.isDirectory() ? [join(path, entry.name)] : []));
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // The hint is a courtesy: a directory that cannot be listed only means that none is given.
    return [];
  }
}

function targetOf(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** The name that was meant; one that looks the same is shown with what is not seen. */
function nameHint(name: string, candidates: readonly string[]): string {
  const same = candidates.find((candidate) => candidate.normalize('NFC') === name.normalize('NFC'));
  if (same === undefined || same === name) return didYouMean(name, candidates);
  return `: its name there has other code points, ${quoted(same)} (composed and decomposed letters)`;
}
