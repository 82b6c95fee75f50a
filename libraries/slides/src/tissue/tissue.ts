/** Detects the tissue of a slide on a small picture of it. */
import {
  readAnnotations,
  type AnnotationFile,
  type AnnotationOptions,
} from '../annotations/annotation-file.ts';
import { applyAnnotations } from '../annotations/areas.ts';
import { placed } from '../annotations/origin.ts';
import type { S3Store } from '../s3/store.ts';
import type { Pixels } from '../pixels.ts';
import type { OnPart, Slide } from '../slide.ts';
import { detectTissue, type TissueFindings, type TissueSettings } from './detect.ts';
import { TissueLabel } from './labels.ts';
import type { Mask } from './mask.ts';
import { OTSU_SIDE, otsuTissue } from './otsu-mask.ts';

/** `none` takes the whole slide for tissue. */
export type TissueMethod = 'density' | 'otsu' | 'none';

export interface TissueMask extends Mask {
  /** Level-0 pixels for one pixel of the mask. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** A {@link TissueLabel} for each pixel; `data` is where it says tissue. */
  readonly labels: Uint8Array;
  /** The picture used for detection, reduced to the mask's size; absent where the method needs none. */
  readonly picture?: Pixels;
  /** What the method `density` found, for display. */
  readonly findings?: Omit<TissueFindings, 'labels'>;
  /** The file that was applied. */
  readonly annotations?: AnnotationFile;
}

/** Settings are of the method `density`; what is absent or undefined is as in {@link DEFAULT_TISSUE}. */
export type TissueOptions = { readonly [K in keyof TissueSettings]?: TissueSettings[K] | undefined } & {
  readonly method?: TissueMethod | undefined;
  /** A pixel of the mask is at most so large. */
  readonly pixelMicrometres?: number | undefined;
  readonly annotations?: AnnotationOptions | undefined;
};

interface DensitySettings extends TissueSettings {
  readonly pixelMicrometres: number;
}

export const DEFAULT_TISSUE: DensitySettings = {
  pixelMicrometres: 8,
  faintestDensity: 0.015,
  smallestPieceMicrometres: 15,
  closedGapMicrometres: 4,
  largestHoleMicrometres: 80,
  pens: 'exclude',
};

/** The mask's longer side is at least so long, where the slide is: its edges are then as exact as tiles need. */
const LEAST_SIDE = 1500;
/** What a mask may have at most, in memory: 16 million pixels are 33 x 33 mm at 8 micrometres. */
const MOST_PIXELS = 2 ** 24;
/** Taken for a slide that does not say its resolution. */
export const ASSUMED_MPP = 0.5;

/** What decides a mask, with every default filled in: a part of what a list of tiles is known by. */
export function tissueSpecification(
  options: TissueOptions,
  annotations?: Pick<AnnotationFile, 'sha256'>,
): Record<string, unknown> {
  const { method = 'density', annotations: choice } = options;
  return {
    method,
    ...(method === 'density' ? densitySettings(options) : {}),
    // Where the file lies does not matter, what is in it and what is taken of it does.
    ...(choice === undefined || annotations === undefined
      ? {}
      : {
          annotations: {
            include: choice.include ?? [],
            exclude: choice.exclude ?? [],
            use: choice.use ?? 'narrow',
            ...(choice.origin === undefined ? {} : { origin: choice.origin }),
            sha256: annotations.sha256,
          },
        }),
  };
}

function densitySettings(options: TissueOptions): DensitySettings {
  const { pixelMicrometres, faintestDensity, smallestPieceMicrometres } = options;
  const { closedGapMicrometres, largestHoleMicrometres, pens } = options;
  return {
    pixelMicrometres: pixelMicrometres ?? DEFAULT_TISSUE.pixelMicrometres,
    faintestDensity: faintestDensity ?? DEFAULT_TISSUE.faintestDensity,
    smallestPieceMicrometres: smallestPieceMicrometres ?? DEFAULT_TISSUE.smallestPieceMicrometres,
    closedGapMicrometres: closedGapMicrometres ?? DEFAULT_TISSUE.closedGapMicrometres,
    largestHoleMicrometres: largestHoleMicrometres ?? DEFAULT_TISSUE.largestHoleMicrometres,
    pens: pens ?? DEFAULT_TISSUE.pens,
  };
}

/**
 * The mask of a slide. Empty (all 0) on a slide without tissue.
 * @param onPart called with the fraction of the slide that has been read
 * @throws WsiError InvalidArgument or NotFound for annotations that are missing, damaged or of another slide
 */
export async function tissueMask(
  slide: Slide,
  options: TissueOptions = {},
  store?: S3Store,
  onPart?: OnPart,
): Promise<TissueMask> {
  const { annotations } = options;
  const read = annotations === undefined ? undefined : await readAnnotations(slide.path, annotations, store);
  const file =
    read === undefined || annotations === undefined ? undefined : placed(read, slide, annotations, read.path);
  const found = await detected(slide, options, { drawnOn: file !== undefined, onPart });
  const labels =
    file === undefined || annotations === undefined
      ? found.labels
      : applyAnnotations(found, file, annotations, file.path);
  const data = labels.map((label) => (label === TissueLabel.Tissue ? 1 : 0));
  return { ...found, labels, data, ...(file === undefined ? {} : { annotations: file }) };
}

/** @param drawnOn whether areas are to be drawn on it, so that one pixel for all of the slide is too few */
async function detected(
  slide: Slide,
  options: TissueOptions,
  { drawnOn, onPart }: { readonly drawnOn: boolean; readonly onPart: OnPart | undefined },
): Promise<Omit<TissueMask, 'data'>> {
  const { method = 'density' } = options;
  const settings = densitySettings(options);
  if (method === 'none') {
    const side = drawnOn ? maskSide(slide, settings.pixelMicrometres) : 1;
    const reduction = Math.max(slide.width, slide.height) / side;
    const width = Math.max(1, Math.round(slide.width / reduction));
    const height = Math.max(1, Math.round(slide.height / reduction));
    const labels = new Uint8Array(width * height).fill(TissueLabel.Tissue);
    return { width, height, labels, ...scaleOf(slide, { width, height }) };
  }
  if (method === 'otsu') {
    const picture = await slide.thumbnail(OTSU_SIDE, onPart);
    const { width, height, data } = otsuTissue(picture);
    return { width, height, labels: data, ...scaleOf(slide, picture), picture };
  }
  const picture = await slide.thumbnail(maskSide(slide, settings.pixelMicrometres), onPart);
  const scale = scaleOf(slide, picture);
  const { labels, ...findings } = detectTissue(picture, scale.scaleX * mppOf(slide), settings);
  return { width: picture.width, height: picture.height, labels, ...scale, findings, picture };
}

function scaleOf(
  slide: Slide,
  picture: { readonly width: number; readonly height: number },
): { scaleX: number; scaleY: number } {
  return { scaleX: slide.width / picture.width, scaleY: slide.height / picture.height };
}

export function mppOf({ mpp }: Slide): number {
  return mpp === undefined ? ASSUMED_MPP : (mpp.x + mpp.y) / 2;
}

/** Pixels along the mask's longer side. */
function maskSide(slide: Slide, pixelMicrometres: number): number {
  const long = Math.max(slide.width, slide.height);
  const short = Math.min(slide.width, slide.height);
  const fine = Math.max(LEAST_SIDE, Math.ceil((long * mppOf(slide)) / pixelMicrometres));
  const most = Math.floor(Math.sqrt((MOST_PIXELS * long) / short));
  return Math.max(1, Math.min(long, fine, most));
}
