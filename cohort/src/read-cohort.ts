/** Reads a cohort's table and looks for its slides, on disk or in S3. */
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemErrorCode, WsiError } from '@wsi/foundation';
import { isS3Address, parseS3Address, S3Store } from '@wsi/slides';
import type { Cohort, CohortSpec } from './cohort.ts';
import { slideDirectory, type SlideAcceptance } from './slide-directory.ts';
import { slidePrefix } from './slide-prefix.ts';
import { parseCohort, type CohortResult } from './table.ts';
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

export interface ReadCohortOptions {
  /** What relative paths of the spec are relative to. */
  readonly baseDirectory: string;
  /** Where `s3://` leads; by default what `spec.s3` says. */
  readonly store?: S3Store;
}

/** A path of a cohort's spec as it is meant from a directory; addresses in S3 are whole already. */
export function resolveCohortPath(baseDirectory: string, path: string): string {
  return isS3Address(path) ? path : resolve(baseDirectory, path);
}

/**
 * Reads `spec.table` and finds every slide.
 * @throws WsiError NotFound when the table or the slides' directory is missing; CohortError (`InvalidCohort`) with
 *   everything that is wrong in the table; Unavailable when S3 cannot be reached
 */
export async function readCohort(
  spec: CohortSpec,
  { baseDirectory, store: given }: ReadCohortOptions,
): Promise<Cohort> {
  const table = resolveCohortPath(baseDirectory, spec.table);
  const slides =
    spec.slides === undefined ? directoryOf(table) : resolveCohortPath(baseDirectory, spec.slides);
  const store = given ?? new S3Store(spec.s3);
  try {
    const text = decodeTable(await readTable(table, store), table);
    const result = isS3Address(slides)
      ? await parseWithPrefix(text, spec, { slides, store })
      : parseCohort(text, spec, slideDirectory(requireDirectory(slides), acceptanceOf(spec)));
    if (result.problems !== undefined) throw new CohortError(table, result.problems);
    return result.cohort;
  } finally {
    if (given === undefined) await store.close();
  }
}

/** Slides outside the prefix are known only after they were asked for, so the table may be read twice. */
async function parseWithPrefix(
  text: string,
  spec: CohortSpec,
  { slides, store }: { readonly slides: string; readonly store: S3Store },
): Promise<CohortResult> {
  const prefix = await slidePrefix(parseS3Address(slides), store, acceptanceOf(spec));
  const result = parseCohort(text, spec, prefix.oracle);
  return (await prefix.lookOutside()) ? parseCohort(text, spec, prefix.oracle) : result;
}

function acceptanceOf({ unreadableSlides }: CohortSpec): SlideAcceptance {
  return { empty: unreadableSlides === 'skip' };
}

function requireDirectory(slides: string): string {
  if (statSync(slides, { throwIfNoEntry: false })?.isDirectory() === true) return slides;
  throw new WsiError('NotFound', 'there is no such directory of slides.', {
    where: slides,
    remedy: "Correct the cohort's `slides`.",
  });
}

/** Of an address in S3 the prefix, with what `dirname` makes of a path. */
function directoryOf(table: string): string {
  return isS3Address(table) ? table.slice(0, table.lastIndexOf('/') + 1) : dirname(table);
}

async function readTable(path: string, store: S3Store): Promise<Buffer> {
  if (isS3Address(path)) {
    return (await store.read(parseS3Address(path), undefined, { what: 'table' })).data;
  }
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
