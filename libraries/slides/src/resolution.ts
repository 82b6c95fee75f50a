/** From a wanted resolution to a level of a slide. */
import { WsiError } from '@wsi-operator/foundation';
import { mppText } from './metadata/resolution-claims.ts';
import type { Resolution, Slide } from './slide.ts';

/** Within this of the wanted resolution a level is given as it is: 0.499 for 0.5 is not worth a resampling. */
export const NATIVE_TOLERANCE = 0.01;

/** Finer than this many times the finest level there is nothing to see, only memory to fill. */
export const MAXIMUM_ENLARGEMENT = 2.5;

export interface LevelAtMpp {
  readonly level: number;
  /** Pixels of the level for one pixel of the result; both 1 when `native`. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** The level is within {@link NATIVE_TOLERANCE} of the resolution, and is read as it is. */
  readonly native: boolean;
}

/**
 * The level to read for a resolution: the coarsest that is not coarser than wanted (within the tolerance), or level 0
 * when all are, which is then enlarged, up to {@link MAXIMUM_ENLARGEMENT} times.
 * @throws WsiError InvalidArgument when the slide has no resolution, or one that is too coarse
 */
export function levelAtMpp(
  slide: Pick<Slide, 'path' | 'levels' | 'mpp' | 'resolution'>,
  mpp: number,
): LevelAtMpp {
  if (!Number.isFinite(mpp) || mpp < 0.01 || mpp > 1000) {
    throw new WsiError('InvalidArgument', `${mpp} micrometres a pixel is not a resolution.`, {
      where: slide.path,
      remedy: 'Give a number from 0.01 to 1000.',
    });
  }
  if (slide.mpp === undefined) throw unknownResolution(slide);
  const enlargement = Math.max(slide.mpp.x, slide.mpp.y) / mpp;
  if (enlargement > MAXIMUM_ENLARGEMENT) throw tooCoarse(slide, { mpp, enlargement });
  const wanted = (2 * mpp) / (slide.mpp.x + slide.mpp.y);
  const fine = slide.levels.findLastIndex((each) => each.downsample <= wanted * (1 + NATIVE_TOLERANCE));
  const level = Math.max(0, fine);
  const { downsample } = slide.levels[level]!;
  const scaleX = mpp / slide.mpp.x / downsample;
  const scaleY = mpp / slide.mpp.y / downsample;
  const native = Math.abs(scaleX - 1) <= NATIVE_TOLERANCE && Math.abs(scaleY - 1) <= NATIVE_TOLERANCE;
  return native ? { level, scaleX: 1, scaleY: 1, native } : { level, scaleX, scaleY, native };
}

/** Exactly one of a level and a resolution. @throws WsiError InvalidArgument when both are given */
export function requireResolution(
  where: string,
  { level, mpp }: Resolution,
): { readonly level: number } | { readonly mpp: number } {
  if (mpp === undefined) return { level: level ?? 0 };
  if (level === undefined) return { mpp };
  throw new WsiError('InvalidArgument', 'Both a level and a resolution (mpp) were given.', {
    where,
    remedy: 'Give one of them.',
  });
}

function unknownResolution({ path, resolution }: Pick<Slide, 'path' | 'resolution'>): WsiError {
  const problem =
    resolution.problem === undefined
      ? 'The slide does not say its resolution (micrometres a pixel).'
      : `The slide's resolution is not known: ${resolution.problem}.`;
  return new WsiError('InvalidArgument', problem, {
    where: path,
    remedy:
      'State it (cohort.resolution, --slide-mpp), or ask for a level (patches.level, --level) in place of a resolution (patches.mpp, --mpp).',
  });
}

function tooCoarse(
  { path, mpp: finest, resolution }: Pick<Slide, 'path' | 'mpp' | 'resolution'>,
  { mpp, enlargement }: { readonly mpp: number; readonly enlargement: number },
): WsiError {
  const has = finest === undefined ? '' : mppText(finest);
  return new WsiError(
    'InvalidArgument',
    `The slide's finest level has ${has} (${resolution.source}); ${mpp} um/px would enlarge it ${Number(enlargement.toPrecision(3))} times, and at most ${MAXIMUM_ENLARGEMENT} is done.`,
    {
      where: path,
      remedy:
        'Choose a coarser resolution (patches.mpp, --mpp), leave the slide out, or state its resolution if the file is wrong (cohort.resolution, --slide-mpp).',
    },
  );
}
