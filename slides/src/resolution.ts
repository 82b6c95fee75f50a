/** From a wanted resolution to a level of a slide. */
import { WsiError } from '@wsi/foundation';
import type { Mpp, Resolution, Slide } from './slide.ts';

/** Within this of the wanted resolution a level is given as it is: 0.499 for 0.5 is not worth a resampling. */
export const NATIVE_TOLERANCE = 0.01;

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
 * when all are, which is then enlarged.
 * @throws WsiError InvalidArgument when the slide has no resolution
 */
export function levelAtMpp(slide: Pick<Slide, 'path' | 'levels' | 'mpp'>, mpp: number): LevelAtMpp {
  if (!Number.isFinite(mpp) || mpp < 0.01 || mpp > 1000) {
    throw new WsiError('InvalidArgument', `${mpp} micrometres a pixel is not a resolution.`, {
      where: slide.path,
      remedy: 'Give a number from 0.01 to 1000.',
    });
  }
  if (slide.mpp === undefined) {
    throw new WsiError('InvalidArgument', 'The slide does not say its resolution (micrometres a pixel).', {
      where: slide.path,
      remedy: 'Ask for a level (patches.level, --level) in place of a resolution (patches.mpp, --mpp).',
    });
  }
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

/** Files that were never given a resolution often say 72 dpi, which would be 353 micrometres a pixel. */
export function plausibleMpp(properties: Readonly<Record<string, string>>): Mpp | undefined {
  const x = positiveNumber(properties['openslide.mpp-x']);
  const y = positiveNumber(properties['openslide.mpp-y']);
  if (x === undefined || y === undefined) return undefined;
  return Math.min(x, y) >= 0.01 && Math.max(x, y) <= 100 ? { x, y } : undefined;
}

export function positiveNumber(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
