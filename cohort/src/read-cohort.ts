/** Reads a cohort's table and looks for its slides on disk. */
import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { systemErrorCode, WsiError } from '@wsi/foundation';
import type { Cohort, CohortSpec } from './cohort.ts';
import { didYouMean } from './spelling.ts';
import { parseCohort } from './table.ts';
import type { SlideLookup, SlideOracle } from './table-fields.ts';
import type { CohortProblem } from './table-rows.ts';

const SHOWN_PROBLEMS = 100;

/** The `InvalidCohort` error: its message lists the problems, `problems` has them all as data. */
export class CohortError extends WsiError {
  readonly problems: readonly CohortProblem[];

  constructor(table: string, problems: readonly CohortProblem[]) {
    const lines = problems.slice(0, SHOWN_PROBLEMS).map((problem) => `\n  ${problemText(problem)}`);
    const more = problems.length > SHOWN_PROBLEMS ? `\n  and ${problems.length - SHOWN_PROBLEMS} more` : '';
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('InvalidCohort', `the cohort's table has ${count}:${lines.join('')}${more}`, { where: table });
    this.problems = problems;
  }
}

export function problemText({ line, message }: CohortProblem): string {
  return line === undefined ? message : `line ${line}: ${message}`;
}

/**
 * Reads `spec.table` and finds every slide.
 * @param options.baseDirectory what relative paths of the spec are relative to
 * @throws WsiError NotFound when the table or the slides' directory is missing; CohortError (`InvalidCohort`) with
 *   everything that is wrong in the table
 */
export async function readCohort(
  spec: CohortSpec,
  options: { readonly baseDirectory: string },
): Promise<Cohort> {
  const table = resolve(options.baseDirectory, spec.table);
  const slides = spec.slides === undefined ? dirname(table) : resolve(options.baseDirectory, spec.slides);
  const text = decodeTable(await readTable(table), table);
  if (statSync(slides, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new WsiError('NotFound', 'there is no such directory of slides.', {
      where: slides,
      remedy: "Correct the cohort's `slides`.",
    });
  }
  const result = parseCohort(text, spec, slideDirectory(slides));
  if (result.problems !== undefined) throw new CohortError(table, result.problems);
  return result.cohort;
}

async function readTable(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const missing = systemErrorCode(error) === 'ENOENT';
    throw new WsiError(
      'NotFound',
      missing ? "there is no such cohort's table." : 'the table cannot be read.',
      {
        where: path,
        remedy: "Correct the cohort's `table`.",
        cause: error,
      },
    );
  }
}

/** Text of the table: UTF-8, or UTF-16 when its byte-order mark says so. */
function decodeTable(bytes: Buffer, path: string): string {
  const encodings: readonly (readonly [string, string])[] = [
    ['fffe', 'utf-16le'],
    ['feff', 'utf-16be'],
  ];
  const mark = bytes.toString('hex', 0, 2);
  const encoding = encodings.find(([known]) => known === mark)?.[1] ?? 'utf-8';
  try {
    // A zero byte in UTF-8 means a binary file: a spreadsheet or a slide given by mistake.
    if (encoding === 'utf-8' && bytes.includes(0)) throw new TypeError('a zero byte');
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new WsiError('InvalidCohort', 'this is not a text file in UTF-8.', {
      where: path,
      remedy: 'Save the table as "CSV UTF-8" (a spreadsheet file is not CSV).',
      cause: error,
    });
  }
}

/** The oracle of a directory: absolute paths and paths out of it are allowed, but the file must exist and be read. */
export function slideDirectory(directory: string): SlideOracle {
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
  return (name) => lookUp(name, resolve(directory, name), list);
}

function lookUp(name: string, path: string, list: (path: string) => readonly string[]): SlideLookup {
  const missing = (problem: string): SlideLookup => ({
    found: false,
    reason: `the slide '${name}' ${problem}`,
  });
  try {
    const status = statSync(path);
    if (status.isDirectory()) return missing(`is a directory; name the slide's file in it`);
    if (status.size === 0) return missing('is an empty file (0 bytes); copy it again');
    accessSync(path, constants.R_OK);
    return { found: true, path, identity: realpathSync(path) };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EACCES' || code === 'EPERM') return missing('may not be read by this user');
    const parent = dirname(path);
    return missing(`does not exist in ${parent}${didYouMean(basename(path), list(parent))}`);
  }
}
