/** Reads a cohort's table and finds its slides, on disk or in S3. */
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { publicText, readBoundedFile, systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { isS3Address, parseS3Address, LARGEST_WHOLE, S3Store } from '@wsi-operator/slides';
import type { Cohort, CohortSpec } from './cohort.ts';
import { type CohortProblem, foldProblems, remediesOf } from './problems.ts';
import { publicProblems } from './public-problems.ts';
import { featureDirectory } from './feature-directory.ts';
import { slideDirectory, type SlideAcceptance, unlistedNote } from './slide-directory.ts';
import { slidePrefix } from './slide-prefix.ts';
import { type CohortExamination, examineTable } from './table.ts';
import { decodeTable } from './table-text.ts';

const SHOWN_LINES = 100;

/** The `InvalidCohort` error: its message lists the problems, equal ones folded; `problems` has them all as data. */
export class CohortError extends WsiError {
  readonly problems: readonly CohortProblem[];

  constructor(table: string, problems: readonly CohortProblem[]) {
    const folded = foldProblems(problems);
    const lines = folded.slice(0, SHOWN_LINES).map((line) => `\n  ${line}`);
    const more = folded.length > SHOWN_LINES ? `\n  and ${folded.length - SHOWN_LINES} more` : '';
    const remedies = remediesOf(problems).map((remedy) => `\n${remedy}`);
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    super('InvalidCohort', `the cohort's table has ${count}:${lines.join('')}${more}${remedies.join('')}`, {
      where: table,
      summary: publicText`the cohort's table has problems (${problems.length}): ${publicProblems(problems)}`,
    });
    this.problems = problems;
  }
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
export async function readCohort(spec: CohortSpec, options: ReadCohortOptions): Promise<Cohort> {
  const { cohort, problems } = await examineCohort(spec, options);
  if (cohort !== undefined) return cohort;
  throw new CohortError(resolveCohortPath(options.baseDirectory, spec.table), problems);
}

/**
 * As {@link readCohort}, but what is wrong in the table is returned, beside what is worth knowing of it.
 * @throws WsiError when the table or the slides' directory cannot be read at all
 */
export async function examineCohort(
  spec: CohortSpec,
  { baseDirectory, store: given }: ReadCohortOptions,
): Promise<CohortExamination> {
  const table = resolveCohortPath(baseDirectory, spec.table);
  const named = spec.features ?? spec.slides;
  const slides = named === undefined ? directoryOf(table) : resolveCohortPath(baseDirectory, named);
  const store = given ?? new S3Store(spec.s3);
  try {
    const text = await readTableText(table, store);
    if (isS3Address(slides)) return await examineWithPrefix(text, spec, { slides, store });
    const oracleOf = spec.features === undefined ? slideDirectory : featureDirectory;
    const oracle = oracleOf(requireDirectory(slides, spec), acceptanceOf(spec));
    return withUnlisted(examineTable(text, spec, oracle), slides);
  } finally {
    if (given === undefined) await store.close();
  }
}

/** @throws WsiError NotFound; InvalidCohort when it is not a table of text */
export async function readTableText(path: string, store: S3Store): Promise<string> {
  return decodeTable(await readTable(path, store), path);
}

/** Slides outside the prefix are known only after they were asked for, so the table may be read twice. */
async function examineWithPrefix(
  text: string,
  spec: CohortSpec,
  { slides, store }: { readonly slides: string; readonly store: S3Store },
): Promise<CohortExamination> {
  const prefix = await slidePrefix(parseS3Address(slides), store, acceptanceOf(spec));
  const result = examineTable(text, spec, prefix.oracle);
  return (await prefix.lookOutside()) ? examineTable(text, spec, prefix.oracle) : result;
}

function withUnlisted(examined: CohortExamination, slides: string): CohortExamination {
  const { cohort, lines, notes } = examined;
  const note = cohort === undefined ? undefined : unlistedNote(slides, [...lines.keys()]);
  return note === undefined ? examined : { ...examined, notes: [...notes, note] };
}

function acceptanceOf({ unreadableSlides }: CohortSpec): SlideAcceptance {
  return { empty: unreadableSlides === 'skip' };
}

function requireDirectory(slides: string, { features }: CohortSpec): string {
  if (statSync(slides, { throwIfNoEntry: false })?.isDirectory() === true) return slides;
  const [what, field] =
    features === undefined
      ? [publicText`slides`, publicText`slides`]
      : [publicText`files of features`, publicText`features`];
  throw new WsiError('NotFound', publicText`there is no such directory of ${what}.`, {
    where: slides,
    remedy: publicText`Correct the cohort's \`${field}\`.`,
  });
}

/** Of an address in S3 the prefix, with what `dirname` makes of a path. */
export function directoryOf(table: string): string {
  return isS3Address(table) ? table.slice(0, table.lastIndexOf('/') + 1) : dirname(table);
}

async function readTable(path: string, store: S3Store): Promise<Buffer> {
  if (isS3Address(path)) {
    return (await store.read(parseS3Address(path), undefined, { what: 'table' })).data;
  }
  try {
    return await readBoundedFile(path, LARGEST_WHOLE);
  } catch (error) {
    if (error instanceof WsiError) throw error;
    const missing = systemErrorCode(error) === 'ENOENT';
    throw new WsiError(
      'NotFound',
      missing ? publicText`there is no such cohort's table.` : publicText`the table cannot be read.`,
      {
        where: path,
        remedy: publicText`Correct the cohort's \`table\`.`,
        cause: error,
      },
    );
  }
}
