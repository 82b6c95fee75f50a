/** Resolves the slides that a command is given: files, directories, patterns, tables and addresses in S3. */
import { glob, stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import {
  directoryOf,
  foldProblems,
  parseSlideTable,
  readTableText,
  featureDirectory,
  slidesIn,
  type SlideOracle,
  type SlideTableSpec,
} from '@wsi-operator/cohort';
import { systemErrorCode, WsiError } from '@wsi-operator/foundation';
import { isS3Address, storeOfEnvironment } from '@wsi-operator/slides';
import type { SlideFault } from './faults.ts';
import { looksLikeFeatures, looksLikeSlide, slidesBelow } from './folder.ts';

export interface GivenSlide {
  /** As it was given or found; relative to the working directory, or whole. */
  readonly path: string;
  /** As a table has it. */
  readonly name?: string;
  readonly patient?: string;
  /** Micrometres for a level-0 pixel that a table states. */
  readonly mpp?: number;
}

export interface GivenFault extends SlideFault {
  readonly patient?: string;
  /** Where it should be. */
  readonly path: string;
}

export interface GivenSlides {
  /** Each once. */
  readonly slides: readonly GivenSlide[];
  /** What was given and is not there. */
  readonly faults: readonly GivenFault[];
  /** Whether patients are known of all slides, or of none. */
  readonly fromTable: boolean;
}

export interface SlideSources extends SlideTableSpec {
  /** Where the slides of a table are; by default beside it. */
  readonly slides?: string | undefined;
  /** What is given are files of features of the slides. */
  readonly features?: boolean | undefined;
}

/** The files that are looked for. */
interface Sort {
  readonly looksRight: (name: string) => boolean;
  readonly inDirectory: (directory: string) => SlideOracle;
  readonly known: string;
}

const SLIDES: Sort = {
  looksRight: looksLikeSlide,
  inDirectory: slidesIn,
  known: 'Slides are known by their endings (.svs, .tiff, .ndpi, .mrxs, .dcm and others); name other files.',
};

const FEATURES: Sort = {
  looksRight: looksLikeFeatures,
  inDirectory: (directory) => featureDirectory(directory, { empty: true }),
  known: 'This model takes files of features, which are known by their ending .h5.',
};

function sortOf({ features = false }: SlideSources): Sort {
  return features ? FEATURES : SLIDES;
}

const TABLES: ReadonlySet<string> = new Set(['.csv', '.tsv', '.txt']);

/** @throws WsiError when nothing at all was found, or for a table that cannot be understood */
export async function givenSlides(given: readonly string[], sources: SlideSources): Promise<GivenSlides> {
  const slides = new Map<string, GivenSlide>();
  const faults: GivenFault[] = [];
  let fromTable = false;
  for (const argument of given) {
    try {
      for (const slide of await slidesOf(argument, sources, faults)) {
        fromTable ||= slide.patient !== undefined;
        const key = isS3Address(slide.path) ? slide.path : resolve(slide.path);
        const before = slides.get(key);
        if (before === undefined || before.patient === undefined) slides.set(key, slide);
      }
    } catch (error) {
      if (!(error instanceof WsiError) || error.code === 'InvalidCohort') throw error;
      faults.push({ slide: argument, path: isS3Address(argument) ? argument : resolve(argument), error });
    }
  }
  return { slides: [...slides.values()], faults, fromTable };
}

async function slidesOf(
  argument: string,
  sources: SlideSources,
  faults: GivenFault[],
): Promise<GivenSlide[]> {
  const isTable = TABLES.has(extname(argument).toLowerCase());
  if (isS3Address(argument)) {
    return isTable ? tableSlides(argument, sources, faults) : [{ path: argument }];
  }
  const found = await stat(argument).catch((error: unknown) => systemErrorCode(error));
  if (typeof found === 'object' && found.isDirectory()) {
    const { looksRight, known } = sortOf(sources);
    const paths = await slidesBelow(argument, looksRight);
    if (paths.length > 0) return paths.map((path) => ({ path }));
    throw new WsiError('NotFound', 'there are no slides in this directory, nor below it.', {
      where: argument,
      remedy: known,
    });
  }
  if (typeof found === 'object' && isTable) {
    return tableSlides(argument, sources, faults);
  }
  if (found === 'ENOENT' && /[*?[{]/.test(argument)) return matching(argument, sources);
  if (found === 'ENOENT' && isTable) {
    throw new WsiError('NotFound', 'there is no such table.', { where: argument, remedy: 'Check the path.' });
  }
  // Whether it exists and is a slide is found when it is opened.
  return [{ path: argument }];
}

/** Of a pattern in quotes, or one that the shell found no match for. */
async function matching(pattern: string, sources: SlideSources): Promise<GivenSlide[]> {
  const { looksRight } = sortOf(sources);
  const paths: string[] = [];
  for await (const path of glob(pattern)) paths.push(path);
  const files = paths.filter((path) => looksRight(path.slice(path.lastIndexOf('/') + 1)));
  if (files.length > 0) return files.sort().map((path) => ({ path }));
  throw new WsiError('NotFound', 'no slide matches this pattern.', {
    where: pattern,
    remedy: 'Put it in quotes; ** goes into directories.',
  });
}

async function tableSlides(
  table: string,
  sources: SlideSources,
  faults: GivenFault[],
): Promise<GivenSlide[]> {
  const directory = sources.slides ?? directoryOf(table);
  if (!isS3Address(directory)) await requireDirectory(directory);
  const store = storeOfEnvironment();
  const text = await readTableText(table, store).finally(() => store.close());
  const { slides, missing, problems } = parseSlideTable(
    text,
    sources,
    sortOf(sources).inDirectory(directory),
  );
  if (problems.length > 0) {
    const lines = foldProblems(problems).map((line) => `\n  ${line}`);
    throw new WsiError('InvalidCohort', `the table cannot be used:${lines.join('')}\n`, {
      where: table,
      remedy: problems.some(({ code }) => code === 'MissingColumn')
        ? 'Its columns can be named: --slide-column, --patient-column, --resolution-column.'
        : 'Correct the table.',
    });
  }
  faults.push(
    ...missing.map(({ line, name, patient, reason }) => ({
      slide: name,
      path: isS3Address(directory) ? name : resolve(directory, name),
      line,
      ...(patient === undefined ? {} : { patient }),
      error: new WsiError('NotFound', reason.replace(`'${name}' `, ''), {
        remedy: 'Say with --slides where the slides of the table are.',
      }),
    })),
  );
  return slides.map(({ line: _line, ...slide }) => slide);
}

async function requireDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new WsiError('NotFound', 'there is no such directory of slides.', {
    where: path,
    remedy: 'Correct --slides.',
  });
}
