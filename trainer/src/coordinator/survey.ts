/**
 * The survey: which tiles every slide has. One task a slide, done by the workers; results are kept in the output
 * directory, so that a resumed run does not read the slides again.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, sha256, writeFileAtomically, WsiError } from '@wsi/foundation';
import { int32From, type SurveyResult } from '@wsi/protocol';
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
}

interface StoredSurvey {
  readonly slide: string;
  readonly bytes: number;
  readonly modified: number;
  readonly patches: string;
  readonly coordinates: string;
  readonly footprintX: number;
  readonly footprintY: number;
  readonly fingerprint: string;
  readonly digest: string;
  readonly width: number;
  readonly height: number;
}

/** Surveys all slides, those done before excepted. `onDone` is called after each. */
export async function surveySlides(
  slides: readonly string[],
  options: { pool: WorkerPool; patches: unknown; directory: string; onDone: () => void },
): Promise<Map<string, SurveyedSlide>> {
  const surveyed = new Map<string, SurveyedSlide>();
  const patches = canonicalJson(options.patches);
  await Promise.all(
    slides.map(async (slide, index) => {
      const file = join(options.directory, `${sha256(`${slide}\n${patches}`).slice(0, 32)}.json`);
      const identity = await identify(slide);
      const stored = await readStored(file, { slide, patches, ...identity });
      const result = stored ?? (await survey(options.pool, slide, index));
      if (stored === undefined) {
        const { coordinates, ...rest } = result;
        const content: StoredSurvey = {
          slide,
          patches,
          ...identity,
          ...rest,
          coordinates: Buffer.from(coordinates).toString('base64'),
        };
        await writeFileAtomically(file, JSON.stringify(content));
      }
      const coordinates = int32From(result.coordinates);
      surveyed.set(slide, {
        slide,
        coordinates,
        tiles: coordinates.length / 2,
        footprint: { x: result.footprintX, y: result.footprintY },
        fingerprint: result.fingerprint,
        digest: result.digest,
        width: result.width,
        height: result.height,
      });
      options.onDone();
    }),
  );
  return surveyed;
}

async function survey(pool: WorkerPool, slide: string, index: number): Promise<SurveyResult> {
  const result = await pool.run(
    { id: `survey/${index}`, version: 0, survey: { slide } },
    { priority: 0, affinity: slide, subject: slide },
  );
  if (result.survey === undefined) throw new WsiError('Internal', 'a survey task returned something else');
  return result.survey;
}

async function identify(slide: string): Promise<{ bytes: number; modified: number }> {
  try {
    const { size, mtimeMs } = await stat(slide);
    return { bytes: size, modified: mtimeMs };
  } catch (error) {
    throw new WsiError('SlideUnreadable', 'the slide cannot be read any more', {
      where: slide,
      remedy: 'Is its directory still mounted?',
      cause: error,
    });
  }
}

async function readStored(
  file: string,
  expected: { slide: string; patches: string; bytes: number; modified: number },
): Promise<SurveyResult | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const stored = JSON.parse(text) as StoredSurvey;
    const same =
      stored.slide === expected.slide &&
      stored.patches === expected.patches &&
      stored.bytes === expected.bytes &&
      stored.modified === expected.modified;
    return same ? { ...stored, coordinates: Buffer.from(stored.coordinates, 'base64') } : undefined;
  } catch {
    // A damaged file only costs a new survey.
    return undefined;
  }
}
