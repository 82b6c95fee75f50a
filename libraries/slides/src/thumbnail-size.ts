/** Pictures of a whole slide: their size, the level that they are read from, and smaller ones made of larger ones. */
import type { Pixels } from './pixels.ts';
import { axisWeights, resample } from './resample.ts';
import type { OnPart, Slide } from './slide.ts';

interface Thumbnail {
  /** The coarsest that has enough pixels. */
  readonly level: number;
  readonly width: number;
  readonly height: number;
}

export function thumbnailOf(
  { width, height, levels }: Pick<Slide, 'width' | 'height' | 'levels'>,
  maximumSide: number,
): Thumbnail {
  const size = reducedSize({ width, height }, maximumSide);
  const enough = levels.findLastIndex((each) => each.width >= size.width && each.height >= size.height);
  return { level: Math.max(0, enough), ...size };
}

/**
 * A thumbnail for people, made of one that is at hand where the slide's finest level would have to be read for it: of a
 * large slide that has no other, that takes minutes. A value may then differ by 1 from the thumbnail's.
 * @param known a thumbnail of the same slide, of any size
 */
export async function pictureOf(
  slide: Slide,
  maximumSide: number,
  known: Pixels | undefined,
  onPart?: OnPart,
): Promise<Pixels> {
  const { level, width, height } = thumbnailOf(slide, maximumSide);
  if (known === undefined || level > 0 || known.width < width || known.height < height) {
    return slide.thumbnail(maximumSide, onPart);
  }
  const weights = (from: number, to: number): ReturnType<typeof axisWeights> => axisWeights(0, from / to, to);
  return resample(known, weights(known.width, width), weights(known.height, height));
}

function reducedSize(
  { width, height }: { readonly width: number; readonly height: number },
  maximumSide: number,
): { readonly width: number; readonly height: number } {
  const reduction = Math.max(1, Math.max(width, height) / maximumSide);
  return {
    width: Math.max(1, Math.round(width / reduction)),
    height: Math.max(1, Math.round(height / reduction)),
  };
}
