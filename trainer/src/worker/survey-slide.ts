/** Which tiles a slide has: what a worker answers to a task of the survey. */
import type { Logger } from '@wsi-operator/foundation';
import {
  bytesOf,
  type StatedResolution as StatedMessage,
  type SurveyResult,
  type Task,
} from '@wsi-operator/protocol';
import {
  openSlide,
  signatureOf,
  tileGrid,
  type S3Store,
  type StatedResolution,
  type TileGridOptions,
} from '@wsi-operator/slides';

export interface SurveyContext {
  readonly store?: S3Store;
  readonly logger?: Pick<Logger, 'info'>;
  /** Around the search for tiles, for whoever measures it. */
  readonly timed?: <T>(work: () => Promise<T>) => Promise<T>;
}

export async function surveySlide(
  { slide: path, stated }: NonNullable<Task['survey']>,
  patches: TileGridOptions,
  { timed = (work) => work(), ...from }: SurveyContext = {},
): Promise<SurveyResult> {
  const slide = await openSlide(path, { ...from, stated: statementOf(stated) });
  try {
    const grid = await timed(() => tileGrid(slide, patches, from));
    const { picture, detail, colours } = await timed(() => signatureOf(slide));
    const { width, height, fingerprint, notes } = slide;
    return {
      coordinates: bytesOf(grid.coordinates),
      footprintX: grid.footprint.x,
      footprintY: grid.footprint.y,
      fingerprint,
      digest: grid.digest,
      width,
      height,
      picture,
      detail,
      colours,
      notes: [...notes],
    };
  } finally {
    await slide.close();
  }
}

/** What the cohort states for a slide, as the message of a task has it. */
export function statementOf(stated: StatedMessage | null | undefined): StatedResolution | undefined {
  if (stated === undefined || stated === null) return undefined;
  return { mpp: stated.mpp, prefer: stated.overrides ? 'statement' : 'file' };
}
