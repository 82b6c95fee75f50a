/**
 * The survey: which tiles every slide has. One task a slide, done by the workers; results are kept in the output
 * directory, so that a resumed run does not read the slides again.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  sha256,
  writeFileAtomically,
  WsiError,
  type ErrorCode,
  type Logger,
} from '@wsi/foundation';
import { int32From, type SurveyResult } from '@wsi/protocol';
import { identifySlide, sameIdentity, type S3Store, type SlideIdentity } from '@wsi/slides';
import { mapLimited } from './limited.ts';
import { requireSameFile, slideErrors } from './slide-files.ts';
import { UnreadableSlideError } from './unreadable-slide.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface SurveyedSlide {
  readonly slide: string;
  /** int32 pairs (x, y): the tiles' top left corners in level-0 pixels, in row-major order. */
  readonly coordinates: Int32Array;
  readonly tiles: number;
  /** Sides of a tile in level-0 pixels. */
  readonly footprint: { readonly x: number; readonly y: number };
  readonly fingerprint: string;
  readonly digest: string;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  /** The file as it was before it was surveyed. */
  readonly file: SlideIdentity;
}

interface StoredSurvey extends SlideIdentity {
  readonly slide: string;
  readonly patches: string;
  readonly coordinates: string;
  readonly footprintX: number;
  readonly footprintY: number;
  readonly fingerprint: string;
  readonly digest: string;
  readonly width: number;
  readonly height: number;
  /** Of the canonical JSON of all other fields: a flipped bit in a coordinate would be another tile. */
  readonly sha256: string;
}

export interface SurveyOptions {
  readonly pool: WorkerPool;
  readonly patches: unknown;
  readonly store: S3Store;
  /** Where results are kept. */
  readonly directory: string;
  readonly logger: Logger;
  /** Whether slides that are damaged or in an unknown format are returned rather than thrown. */
  readonly skipUnreadable: boolean;
  /** Called after each slide. */
  onDone(): void;
}

/** What is wrong with a slide rather than with the run. */
const slideFaults: readonly ErrorCode[] = [
  'SlideUnreadable',
  'SlideUnsupported',
  'NoTissue',
  'NotFound',
  'InvalidArgument',
];
const filesAtOnce = 16;

export interface Survey {
  readonly surveyed: Map<string, SurveyedSlide>;
  /** In order of the slides; empty unless asked for. */
  readonly unreadable: readonly UnreadableSlideError[];
}

/**
 * Surveys all slides, those done before excepted.
 * @throws WsiError that names every slide that cannot be used, after the others have been looked at too
 */
export async function surveySlides(slides: readonly string[], options: SurveyOptions): Promise<Survey> {
  const patches = canonicalJson(options.patches);
  const faults: WsiError[] = [];
  const unreadable = new Map<string, UnreadableSlideError>();
  const collect = (thrown: unknown): undefined => {
    const error = WsiError.from(thrown);
    if (!slideFaults.includes(error.code)) throw error;
    options.logger.error({ code: error.code, reason: error.message }, 'a slide cannot be used');
    if (options.skipUnreadable && error instanceof UnreadableSlideError) unreadable.set(error.slide, error);
    else faults.push(error);
  };
  const stored = await mapLimited(slides, filesAtOnce, (slide) =>
    readStored(slide, { path: fileOf(slide, patches, options), patches, store: options.store }).catch(
      collect,
    ),
  );
  const surveyed = await Promise.all(
    stored.map(async (of, index) => {
      const slide = slides[index]!;
      const done =
        of === undefined || 'result' in of
          ? of
          : await surveyAndStore(slide, { index, patches, file: of.file }, options).catch(collect);
      options.onDone();
      return done === undefined ? undefined : surveyedSlide(slide, done);
    }),
  );
  if (faults.length > 0) throw slideErrors([...faults, ...unreadable.values()], slides.length);
  return {
    surveyed: new Map(
      surveyed.flatMap((slide) => (slide === undefined ? [] : [[slide.slide, slide] as const])),
    ),
    unreadable: slides.flatMap((slide) => unreadable.get(slide) ?? []),
  };
}

interface Surveyed {
  readonly file: SlideIdentity;
  readonly result: SurveyResult;
}

function surveyedSlide(slide: string, { file, result }: Surveyed): SurveyedSlide {
  const coordinates = int32From(result.coordinates);
  return {
    slide,
    coordinates,
    tiles: coordinates.length / 2,
    footprint: { x: result.footprintX, y: result.footprintY },
    fingerprint: result.fingerprint,
    digest: result.digest,
    width: result.width,
    height: result.height,
    file,
  };
}

function fileOf(slide: string, patches: string, { directory }: SurveyOptions): string {
  return join(directory, `${sha256(`${slide}\n${patches}`).slice(0, 32)}.json`);
}

async function surveyAndStore(
  slide: string,
  { index, patches, file }: { index: number; patches: string; file: SlideIdentity },
  options: SurveyOptions,
): Promise<Surveyed> {
  const result = await survey(options.pool, slide, index).catch(async (error: unknown) => {
    // A slide that is gone or is being replaced is not a damaged one.
    if (error instanceof UnreadableSlideError) await requireSameFile(slide, file, options.store);
    throw error;
  });
  const content = {
    slide,
    patches,
    ...file,
    ...result,
    coordinates: Buffer.from(result.coordinates).toString('base64'),
  };
  await writeFileAtomically(
    fileOf(slide, patches, options),
    JSON.stringify({ ...content, sha256: surveyDigest(content) } satisfies StoredSurvey),
  );
  return { file, result };
}

async function survey(pool: WorkerPool, slide: string, index: number): Promise<SurveyResult> {
  const result = await pool.run(
    { id: `survey/${index}`, version: 0, survey: { slide } },
    { priority: 0, affinity: slide, subject: slide },
  );
  if (result.survey === undefined) throw new WsiError('Internal', 'a survey task returned something else');
  return result.survey;
}

/** The file as it is now, with the result of an earlier survey of this very file if there is one. */
async function readStored(
  slide: string,
  { path, patches, store }: { path: string; patches: string; store: S3Store },
): Promise<{ readonly file: SlideIdentity } | Surveyed> {
  const file = await identifySlide(slide, store);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return { file };
  try {
    const stored = JSON.parse(text) as StoredSurvey;
    const same = stored.slide === slide && stored.patches === patches && sameIdentity(stored, file);
    const { sha256: digest, ...content } = stored;
    if (!same || digest !== surveyDigest(content)) return { file };
    return { file, result: { ...stored, coordinates: Buffer.from(stored.coordinates, 'base64') } };
  } catch {
    // A damaged file only costs a new survey.
    return { file };
  }
}

function surveyDigest(content: Omit<StoredSurvey, 'sha256'>): string {
  return sha256(canonicalJson(content));
}
