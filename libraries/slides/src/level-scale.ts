/**
 * Which part of a slide a level shows: all of it, or all of it and a margin. Some scanners and programs pad every level
 * to whole tiles at the right and the lower edge; the ratio of the sizes is then not the level's scale.
 */

/** One way to understand a level. */
export interface Hypothesis {
  /** Slide pixels for one pixel of the level. */
  readonly downsample: number;
  /** Pixels of the level that lie on the slide. */
  readonly width: number;
  readonly height: number;
}

export interface SizedPicture {
  readonly width: number;
  readonly height: number;
  /** Undefined when it is not made of tiles. */
  readonly tile: { readonly width: number; readonly height: number } | undefined;
}

/** Sizes of levels are rounded, up or down, by a pixel. */
const ROUNDING = 1.5;
/** And by this part: scanners cut the right and lower edge before they halve. */
const LOOSE = 0.01;

/** The level as the resolutions of both and the sizes say it together; undefined when they contradict each other. */
export function byResolution(
  base: SizedPicture,
  picture: SizedPicture,
  tagged: number,
): Hypothesis | undefined {
  const shape = byShape(base, picture);
  if (shape !== undefined) {
    // A whole fraction of the sizes is more exact than a tag, which may be rounded.
    const whole = isWhole(base, picture, shape) && Math.abs(tagged / shape.downsample - 1) < 0.02;
    if (whole || agrees(base, picture, tagged)) return shape;
  }
  return paddedBy(base, picture, snapped(tagged));
}

/** The level covers what the base covers: OpenSlide's mean of both directions, if they agree. */
export function byShape(base: SizedPicture, { width, height }: SizedPicture): Hypothesis | undefined {
  const x = base.width / width;
  const y = base.height / height;
  // Rounded sizes of small levels differ by one pixel.
  const tolerance = ROUNDING / width + ROUNDING / height + LOOSE;
  return Math.abs(x / y - 1) > tolerance ? undefined : { downsample: (x + y) / 2, width, height };
}

/** Whether sizes are those of a scale, but for rounding. */
export function agrees(base: SizedPicture, { width, height }: SizedPicture, scale: number): boolean {
  return (
    Math.abs(base.width / scale - width) <= ROUNDING && Math.abs(base.height / scale - height) <= ROUNDING
  );
}

/** The sizes are a whole fraction of the slide's, which padding does not give by chance. */
export function isWhole(base: SizedPicture, picture: SizedPicture, { downsample }: Hypothesis): boolean {
  return agrees(base, picture, Math.round(downsample));
}

function snapped(scale: number): number {
  const whole = Math.round(scale);
  return Math.abs(scale - whole) <= whole * 1e-3 ? whole : scale;
}

/** The level at this scale, padded to whole tiles; undefined when its size is another. */
export function paddedBy(base: SizedPicture, picture: SizedPicture, scale: number): Hypothesis | undefined {
  const { tile } = picture;
  if (tile === undefined) return undefined;
  const width = Math.ceil(base.width / scale - 1e-6);
  const height = Math.ceil(base.height / scale - 1e-6);
  const fits = (size: number, wanted: number, side: number): boolean =>
    size === Math.ceil(wanted / side) * side ||
    size === Math.ceil((wanted - 1) / side) * side ||
    Math.abs(size - wanted) <= ROUNDING;
  if (!fits(picture.width, width, tile.width) || !fits(picture.height, height, tile.height)) return undefined;
  return {
    downsample: scale,
    width: Math.min(picture.width, width),
    height: Math.min(picture.height, height),
  };
}
