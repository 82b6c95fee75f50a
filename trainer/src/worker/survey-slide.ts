/** Which tiles a slide has: what a worker answers to a task of the survey. */
import { publicText, WsiError, type Logger } from '@wsi-operator/foundation';
import {
  bytesOf,
  type DensityMap as DensityMapMessage,
  type StatedResolution as StatedMessage,
  type SurveyResult,
  type Task,
} from '@wsi-operator/protocol';
import {
  mapDensities,
  openSlide,
  signatureOf,
  slideStain,
  tileGrid,
  tissueMask,
  type DensityMap,
  type S3Store,
  type SlideStain,
  type StainOptions,
  type StatedResolution,
  type Slide,
  type TileGrid,
  type TileGridOptions,
} from '@wsi-operator/slides';

export interface SurveyContext {
  readonly store?: S3Store;
  readonly logger?: Pick<Logger, 'info'>;
  /** Around the search for tiles, for whoever measures it. */
  readonly timed?: <T>(work: () => Promise<T>) => Promise<T>;
}

export type SurveyOptions = TileGridOptions & { readonly stain?: StainOptions | undefined };

export async function surveySlide(
  { slide: path, stated }: NonNullable<Task['survey']>,
  patches: SurveyOptions,
  { timed = (work) => work(), ...from }: SurveyContext = {},
): Promise<SurveyResult> {
  const slide = await openSlide(path, { ...from, stated: statementOf(stated) });
  try {
    const { grid, stain } = await timed(() => gridAndStain(slide, patches, from.store));
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
      notes: [...notes, ...(stain.note === undefined ? [] : [stain.note])],
      ...(stain.map === undefined ? {} : { stain: messageOf(stain.map) }),
    };
  } finally {
    await slide.close();
  }
}

async function gridAndStain(
  slide: Slide,
  patches: SurveyOptions,
  store: S3Store | undefined,
): Promise<{ readonly grid: TileGrid; readonly stain: SlideStain }> {
  if (patches.stain === undefined) return { grid: await tileGrid(slide, patches, { store }), stain: {} };
  const { minimumFraction: _ofTiles, ...tissue } = patches.tissue ?? {};
  const mask = await tissueMask(slide, tissue, store);
  const grid = await tileGrid(slide, patches, { store, mask });
  return { grid, stain: await slideStain(slide, { grid, mask }, patches.stain) };
}

const messageOf = ({ matrix, offset }: DensityMap): DensityMapMessage => ({
  matrix: [...matrix],
  offset: [...offset],
});

/** Gives tiles of a slide its normalised stains, in place: uint8 [n, 3]. */
export function normaliseStain(tiles: Uint8Array, stain: DensityMapMessage | null | undefined): void {
  if (stain === undefined || stain === null) return;
  const { matrix, offset } = stain;
  if (matrix.length !== 9 || offset.length !== 3) {
    throw new WsiError('Internal', publicText`a change of stains is not a matrix and an offset`);
  }
  mapDensities(tiles, { matrix, offset } as unknown as DensityMap);
}

/** What the cohort states for a slide, as the message of a task has it. */
export function statementOf(stated: StatedMessage | null | undefined): StatedResolution | undefined {
  if (stated === undefined || stated === null) return undefined;
  return { mpp: stated.mpp, prefer: stated.overrides ? 'statement' : 'file' };
}
