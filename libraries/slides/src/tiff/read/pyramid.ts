/**
 * Which pictures of a TIFF are the slide, and what part of it each level covers.
 *
 * The slide is the largest picture that does not call itself something else; what the order of the pages says differs
 * between programs. A level covers the same field as the slide, or is padded to whole tiles at its right and lower
 * edge: then it covers more, and its scale is not the ratio of the sizes. The resolution tags distinguish the two, the
 * sizes when there is one explanation only; else the pictures are compared ({@link CandidateLevel.hypotheses}).
 */
import { agrees, byResolution, byShape, isWhole, paddedBy, type Hypothesis } from '../../level-scale.ts';
import type { OmeImage } from '../../metadata/ome.ts';
import { isAperio, namesAnotherPicture, type TiffPicture } from './picture.ts';

export interface CandidateLevel {
  readonly picture: TiffPicture;
  /** The best first. */
  readonly hypotheses: readonly [Hypothesis, ...Hypothesis[]];
  /** Nothing in the file says that it is a level, or which of the hypotheses holds: the pixels must. */
  readonly needsComparison: boolean;
}

export interface Pyramid {
  readonly base: TiffPicture;
  /** Without the base; from fine to coarse. */
  readonly candidates: readonly CandidateLevel[];
  readonly notes: readonly string[];
}

/** Images of so much of the largest one's area are scenes of their own. */
const SCENE_SHARE = 0.25;

/** @returns the reason when no picture can be the slide */
export function findPyramid(pictures: readonly TiffPicture[], series: readonly OmeImage[]): Pyramid | string {
  const notes: string[] = [];
  const base = series.length > 0 ? seriesPicture(pictures, series, notes) : largestPicture(pictures, notes);
  if (typeof base === 'string') return base;
  if (base.tile === undefined) return 'the TIFF has no tiles';
  const below = pictures.filter(({ isSubDirectory, page, tile, isMask }) => {
    return isSubDirectory && page === base.page && tile !== undefined && !isMask;
  });
  const beside = pictures.filter((picture) => {
    if (picture === base || picture.isSubDirectory || picture.tile === undefined || picture.isMask)
      return false;
    // Pages of other series are other pictures, whatever their shape.
    return series.length === 0 || picture.isReduced;
  });
  const found: CandidateLevel[] = [];
  const equal = beside.filter((picture) => isSameSize(picture, base));
  if (equal.length > 0 && base.samples < 3) {
    return `it has ${equal.length + 1} pages of one channel each and of one size: channels apart, or a stack`;
  }
  if (equal.length > 0) {
    notes.push(
      `the file has ${equal.length} more pictures of this size (a stack or several channels); the first one is read`,
    );
  }
  for (const picture of below.length > 0 ? below : beside) {
    if (equal.includes(picture)) continue;
    const level = understand(base, picture);
    if (typeof level === 'string') notes.push(`${nameOf(picture)} is not a level: ${level}`);
    else found.push(level);
  }
  return { base, candidates: withoutRepeats(found, notes), notes };
}

/** @returns the whole slide when no level is as large as it or another level */
function withoutRepeats(found: readonly CandidateLevel[], notes: string[]): CandidateLevel[] {
  const sorted = [...found].sort((a, b) => a.hypotheses[0].downsample - b.hypotheses[0].downsample);
  const kept: CandidateLevel[] = [];
  for (const level of sorted) {
    const last = kept.at(-1);
    if (last !== undefined && last.picture.width === level.picture.width) {
      notes.push(`${nameOf(level.picture)} is not a level: another one has the same size`);
    } else {
      kept.push(level);
    }
  }
  return kept;
}

function isSameSize(a: Sides, b: Sides): boolean {
  return a.width === b.width && a.height === b.height;
}

type Sides = Readonly<Record<'width' | 'height', number>>;

function area({ width, height }: { readonly width: number; readonly height: number }): number {
  return width * height;
}

function largest<T extends { readonly width: number; readonly height: number }>(
  of: readonly T[],
): T | undefined {
  let found: T | undefined;
  for (const each of of) if (found === undefined || area(each) > area(found)) found = each;
  return found;
}

function largestPicture(pictures: readonly TiffPicture[], notes: string[]): TiffPicture | string {
  const pages = pictures.filter(({ isSubDirectory, isMask }) => !isSubDirectory && !isMask);
  const first = pages[0];
  if (first === undefined) return 'the TIFF has masks only';
  // Aperio defines it, and its descriptions of levels may name other pictures.
  if (isAperio(first.description) && first.tile !== undefined) return first;
  const named = pages.filter(({ description }) => !namesAnotherPicture(description));
  const base = largest(named.length > 0 ? named : pages)!;
  if (base !== first) notes.push(`the slide is ${nameOf(base)}, the largest picture, not the first one`);
  return base;
}

/** The largest image of an OME file that is not called macro, label or the like. */
function seriesPicture(
  pictures: readonly TiffPicture[],
  series: readonly OmeImage[],
  notes: string[],
): TiffPicture | string {
  const named = series.filter(({ name }) => !namesAnotherPicture(name));
  const image = largest(named.length > 0 ? named : series)!;
  const titleOf = (of: OmeImage): string =>
    `series ${series.indexOf(of)}${of.name === '' ? '' : ` ("${of.name}")`}`;
  const title = titleOf(image);
  const scenes = named.filter((other) => other === image || isOtherScene(other, image));
  if (scenes.length > 1) {
    return `it holds ${scenes.length} scenes, and nothing says which is the slide: ${scenes.map(titleOf).join(', ')}. Export each to a file of its own`;
  }
  const pages = pictures.filter(({ isSubDirectory }) => !isSubDirectory);
  const fits = ({ width, height }: TiffPicture): boolean => width === image.width && height === image.height;
  const said = pages.find(({ page }) => page === image.page);
  const picture = said !== undefined && fits(said) ? said : pages.find(fits);
  if (picture === undefined) {
    if (image.elsewhere !== undefined) {
      return `its OME-XML says that ${title} is in another file (${image.elsewhere})`;
    }
    return `none of its pages is ${title} of its OME-XML (${image.width} x ${image.height})`;
  }
  // Two and more channels in pages of one sample each: fluorescence, or the three colours apart.
  if (image.channels > 1 && picture.samples < 3) {
    return `${title} has its ${image.channels} channels in pages of their own`;
  }
  if (series.length > 1) {
    const others = series.length - 1;
    notes.push(`the slide is ${title}, the largest of ${series.length} images; ${others} not read`);
  }
  if (image.planes > 1) notes.push(`${title} has ${image.planes} planes; the first one is read`);
  return picture;
}

/** As large as the slide, or large and of another shape: no level of it, and no macro either. */
function isOtherScene(other: OmeImage, image: OmeImage): boolean {
  const isLarge = area(other) >= SCENE_SHARE * area(image);
  return (
    isLarge &&
    (isSameSize(other, image) ||
      byShape({ ...image, tile: undefined }, { ...other, tile: undefined }) === undefined)
  );
}

/** @returns why it is no level of the base */
function understand(base: TiffPicture, picture: TiffPicture): CandidateLevel | string {
  const other = otherPicture(base, picture);
  if (other !== undefined) return other;
  const tagged = taggedRatio(base, picture);
  const shape = byShape(base, picture);
  const said = tagged === undefined ? undefined : byResolution(base, picture, tagged);
  if (said !== undefined) return { picture, hypotheses: [said], needsComparison: false };
  const paddings = likelyPaddings(base, picture);
  const whole = shape !== undefined && isWhole(base, picture, shape);
  const shapes = shape === undefined ? [] : [shape];
  const [best, ...others] = whole ? [...shapes, ...paddings] : [...paddings, ...shapes];
  if (best === undefined) return 'its shape is not that of the slide';
  const belongs = picture.isSubDirectory || picture.isReduced || isAperio(base.description);
  const certain = belongs && tagged === undefined && shape !== undefined && (whole || paddings.length === 0);
  return { picture, hypotheses: [best, ...others], needsComparison: !certain };
}

function otherPicture(base: TiffPicture, picture: TiffPicture): string | undefined {
  const { isSubDirectory, description, width, height } = picture;
  if (!isSubDirectory && namesAnotherPicture(description) && !isAperio(description)) {
    return 'it is described as another picture';
  }
  return width >= base.width || height > base.height ? 'it is not smaller than the slide' : undefined;
}

/** The level's scale by the resolution tags of both; undefined where they say nothing of it. */
function taggedRatio(base: TiffPicture, picture: TiffPicture): number | undefined {
  const [of, from] = [picture.resolution, base.resolution];
  if (of.x === undefined || from.x === undefined || of.unit !== from.unit) return undefined;
  const x = from.x / of.x;
  const y = of.y === undefined || from.y === undefined ? x : from.y / of.y;
  // Tags that were copied to every page, or that give different sides where nothing else does.
  if (x < 1.01 || Math.abs(x / y - 1) > 0.01) return undefined;
  return (x + y) / 2;
}

/** Scales that are a power of two, at which padding explains the sizes. */
function likelyPaddings(base: TiffPicture, picture: TiffPicture): Hypothesis[] {
  const found: Hypothesis[] = [];
  for (let scale = 2; scale <= 1024 && scale <= base.width; scale *= 2) {
    const padded = paddedBy(base, picture, scale);
    // One that needs no padding is what the shape says.
    if (padded !== undefined && !agrees(base, picture, scale)) found.push(padded);
  }
  return found;
}

/** For those who read the notes: the page, as programs for TIFFs count. */
export function nameOf({ page, isSubDirectory, width, height }: TiffPicture): string {
  return `${isSubDirectory ? 'a SubIFD of ' : ''}page ${page} (${width} x ${height})`;
}
