/**
 * The survey: which tiles every slide has. One task a slide, done by the workers; results are kept in the output
 * directory, so that a resumed run does not read the slides again.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canonicalJson,
  type ErrorCode,
  type Logger,
  mapLimited,
  ownText,
  publicText,
  sha256,
  writeFileAtomically,
  WsiError,
} from '@wsi-operator/foundation';
import { int32From, type DensityMap, type StatedResolution, type SurveyResult } from '@wsi-operator/protocol';
import {
  identifyAnnotations,
  identifySlide,
  sameIdentity,
  type AnnotationOptions,
  type S3Store,
  type SlideIdentity,
} from '@wsi-operator/slides';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';
import { slideErrors } from '../../slide-files/slide-errors.ts';
import { requireSameFile } from '../../slide-files/slide-files.ts';
import { aboutSlide, UnreadableSlideError, type SlideError } from '../../slide-files/unreadable-slide.ts';
import type { TileSettings } from '../../tile-source/index.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';

interface StoredSurvey extends SlideIdentity {
  readonly slide: string;
  /** Which file of annotations was applied; absent without any. */
  readonly annotations?: string;
  readonly patches: string;
  readonly coordinates: string;
  readonly footprintX: number;
  readonly footprintY: number;
  readonly fingerprint: string;
  readonly digest: string;
  readonly width: number;
  readonly height: number;
  readonly picture: string;
  readonly detail: string;
  readonly colours: string;
  /** Absent in what was surveyed before there were any. */
  readonly notes?: readonly string[];
  /** Absent where stains are not normalised. */
  readonly stain?: DensityMap | null;
  /** Of the canonical JSON of all other fields: a flipped bit in a coordinate would be another tile. */
  readonly sha256: string;
}

export interface SurveyOptions {
  readonly pool: WorkerPool;
  readonly settings: TileSettings;
  /** Where areas were drawn, which decide on tiles, too. */
  readonly annotations: AnnotationOptions | undefined;
  /** The resolution that the cohort states for a slide. */
  readonly stated: (slide: string) => StatedResolution | undefined;
  readonly store: S3Store;
  /** Where results are kept. */
  readonly directory: string;
  readonly logger: Logger;
  /** The line of each slide in the table, by its path. */
  readonly lines: ReadonlyMap<string, number>;
  /** Whether slides that are damaged or in an unknown format are returned rather than thrown. */
  readonly skipUnreadable: boolean;
  /** Called after each slide with its tiles. */
  onDone(tiles: number): void;
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
 * @throws WsiError that names every slide that cannot be used, after the others have been surveyed too
 */
export async function surveySlides(slides: readonly string[], options: SurveyOptions): Promise<Survey> {
  const patchesOf = (slide: string): string =>
    canonicalJson(withStated(options.settings, options.stated(slide)));
  const faults = new Map<string, SlideError>();
  const unreadable = new Map<string, UnreadableSlideError>();
  const collect =
    (slide: string) =>
    (thrown: unknown): undefined => {
      if (!slideFaults.includes(WsiError.from(thrown).code)) throw thrown;
      const error = aboutSlide(thrown, slide);
      options.logger.error(
        { code: ownText(error.code), line: options.lines.get(slide), reason: error.message },
        'a slide cannot be used',
      );
      if (options.skipUnreadable && error instanceof UnreadableSlideError) unreadable.set(slide, error);
      else faults.set(slide, error);
    };
  const stored = await mapLimited(slides, filesAtOnce, (slide) =>
    readStored(
      slide,
      { path: fileOf(slide, patchesOf(slide), options), patches: patchesOf(slide) },
      options,
    ).catch(collect(slide)),
  );
  const surveyed = await Promise.all(
    stored.map(async (of, index) => {
      const slide = slides[index]!;
      const done =
        of === undefined || 'result' in of
          ? of
          : await surveyAndStore(slide, { index, patches: patchesOf(slide), of }, options).catch(
              collect(slide),
            );
      const known = done === undefined ? undefined : surveyedSlide(slide, done);
      options.onDone(known?.tiles ?? 0);
      if (done === undefined || known === undefined) return undefined;
      for (const note of done.result.notes) {
        options.logger.warn({ line: options.lines.get(slide), slide, note }, 'of a slide');
      }
      return { ...known, ...statedOf(options.stated(slide)) };
    }),
  );
  if (faults.size > 0) {
    // in the order of the table, not in that in which the files happened to be read
    const errors = slides.flatMap((slide) => faults.get(slide) ?? unreadable.get(slide) ?? []);
    throw slideErrors(errors, slides.length);
  }
  return {
    surveyed: new Map(
      surveyed.flatMap((slide) => (slide === undefined ? [] : [[slide.slide, slide] as const])),
    ),
    unreadable: slides.flatMap((slide) => unreadable.get(slide) ?? []),
  };
}

/** The files of a slide as they are now. */
interface Found {
  readonly file: SlideIdentity;
  readonly annotations?: string;
}

interface Surveyed {
  readonly file: SlideIdentity;
  readonly result: SurveyResult;
}

const annotated = ({ annotations }: { readonly annotations?: string }): Pick<Found, 'annotations'> =>
  annotations === undefined ? {} : { annotations };

function surveyedSlide(slide: string, { file, result }: Surveyed): SurveyedSlide {
  const coordinates = int32From(result.coordinates);
  return {
    slide,
    coordinates,
    tiles: coordinates.length / 2,
    footprint: { x: result.footprintX, y: result.footprintY },
    fingerprint: result.fingerprint,
    digest: result.digest,
    ...(result.stain ? { stain: result.stain } : {}),
    width: result.width,
    height: result.height,
    file,
    signature: { picture: result.picture, detail: result.detail, colours: result.colours },
  };
}

/** Without a statement, what was surveyed before there were any is found again. */
function withStated(patches: TileSettings, stated: StatedResolution | undefined): unknown {
  return stated === undefined ? patches : { patches, stated };
}

function statedOf(stated: StatedResolution | undefined): { readonly stated?: StatedResolution } {
  return stated === undefined ? {} : { stated };
}

function fileOf(slide: string, patches: string, { directory }: SurveyOptions): string {
  return join(directory, `${sha256(`${slide}\n${patches}`).slice(0, 32)}.json`);
}

async function surveyAndStore(
  slide: string,
  { index, patches, of }: { index: number; patches: string; of: Found },
  options: SurveyOptions,
): Promise<Surveyed> {
  const result = await survey(options, slide, index).catch(async (error: unknown) => {
    // A slide that is gone or is being replaced is not a damaged one.
    if (error instanceof UnreadableSlideError) await requireSameFile(slide, of.file, options.store);
    throw error;
  });
  const content = {
    slide,
    patches,
    ...of.file,
    ...annotated(of),
    ...result,
    ...textOf(result),
  };
  await writeFileAtomically(
    fileOf(slide, patches, options),
    JSON.stringify({ ...content, sha256: surveyDigest(content) } satisfies StoredSurvey),
  );
  return { file: of.file, result };
}

async function survey({ pool, stated }: SurveyOptions, slide: string, index: number): Promise<SurveyResult> {
  const result = await pool.run(
    { id: `survey/${index}`, version: 0, survey: { slide, ...statedOf(stated(slide)) } },
    { priority: 0, affinity: slide, subject: slide },
  );
  if (result.survey === undefined)
    throw new WsiError('Internal', publicText`a survey task returned something else`);
  return result.survey;
}

/** The file as it is now, with the result of an earlier survey of this very file if there is one. */
async function readStored(
  slide: string,
  { path, patches }: { path: string; patches: string },
  { store, annotations: areas }: SurveyOptions,
): Promise<Found | Surveyed> {
  const file = await identifySlide(slide, store);
  const now: Found = {
    file,
    ...(areas === undefined ? {} : { annotations: await identifyAnnotations(slide, areas, store) }),
  };
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return now;
  try {
    const stored = JSON.parse(text) as StoredSurvey;
    const same =
      stored.slide === slide &&
      stored.patches === patches &&
      sameIdentity(stored, file) &&
      stored.annotations === now.annotations;
    const { sha256: digest, ...content } = stored;
    if (!same || digest !== surveyDigest(content)) return now;
    // One of an earlier version lacks the signature.
    const { coordinates, detail, colours, notes = [] } = stored;
    return { file, result: { ...stored, notes: [...notes], ...bytesOf({ coordinates, detail, colours }) } };
  } catch {
    // A damaged file only costs a new survey.
    return now;
  }
}

type Bytes = 'coordinates' | 'detail' | 'colours';

function textOf({ coordinates, detail, colours }: Pick<SurveyResult, Bytes>): Pick<StoredSurvey, Bytes> {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return { coordinates: text(coordinates), detail: text(detail), colours: text(colours) };
}

/** @throws TypeError when one is missing */
function bytesOf({ coordinates, detail, colours }: Pick<StoredSurvey, Bytes>): Pick<SurveyResult, Bytes> {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  return { coordinates: bytes(coordinates), detail: bytes(detail), colours: bytes(colours) };
}

function surveyDigest(content: Omit<StoredSurvey, 'sha256'>): string {
  return sha256(canonicalJson(content));
}
