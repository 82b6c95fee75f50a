/** From the directories of a TIFF to the levels of a slide. */
import type { Hypothesis } from '../../level-scale.ts';
import { isOme, omeImages, type OmeImage } from '../../metadata/ome.ts';
import type { TiffDirectory, TiffFile } from './directories.ts';
import { hasMissingTiles, readLevel, type TiffLevel } from './level.ts';
import { tiffPictures, UPRIGHT, type TiffPicture } from './picture.ts';
import { depthText, statedDepth, WORD_BITS } from './sample-depth.ts';
import { findPyramid, nameOf, type CandidateLevel, type Pyramid } from './pyramid.ts';

/** What the directories say, before any pixel is read. */
export interface TiffDescription {
  readonly pictures: readonly TiffPicture[];
  /** Of OME-TIFF. */
  readonly series: readonly OmeImage[];
  /** Or why no picture of the file can be the slide. */
  readonly pyramid: Pyramid | string;
  /** What identifies the file beside its bytes at both ends. */
  readonly fingerprintLevels: readonly TiffLevel[] | undefined;
}

export interface LayoutLevel {
  readonly picture: TiffPicture;
  /** Or why this reader does not decode it. */
  readonly tiles: TiffLevel | string;
  readonly hypothesis: Hypothesis;
}

/** The slide's levels, from fine to coarse, with those that only another reader can decode. */
export interface TiffLayout {
  readonly base: TiffPicture;
  readonly series: OmeImage | undefined;
  /** How many bits of words of 16 the file says that values have; undefined where it does not say so. */
  readonly depth: number | undefined;
  readonly levels: readonly LayoutLevel[];
  readonly notes: readonly string[];
}

/** The levels as this reader takes them; all are decoded by it. */
export interface ReadableLayout {
  readonly main: TiffDirectory;
  readonly levels: readonly TiffLevel[];
  /** Whether the levels are SubIFDs, as in OME-TIFF. */
  readonly subDirectories: boolean;
}

/** @throws TiffDamage when the file contradicts itself or refers to bytes that it does not have */
export async function describeTiff(file: TiffFile, fileSize: number): Promise<TiffDescription> {
  const pictures = await tiffPictures(file);
  const description = pictures[0]?.description;
  const series = isOme(description) ? omeImages(description) : [];
  const pyramid = findPyramid(pictures, series);
  return { pictures, series, pyramid, fingerprintLevels: await fingerprintLevels(pictures, fileSize) };
}

/**
 * The tiles that a file's fingerprint is made of: those of a plain pyramid of JPEG tiles from the first page on. It
 * stays as it is whatever is learnt about other files, because runs are recognized by it.
 */
async function fingerprintLevels(
  pictures: readonly TiffPicture[],
  fileSize: number,
): Promise<readonly TiffLevel[] | undefined> {
  const [first, ...others] = pictures;
  if (first?.tile === undefined) return undefined;
  const below = others.filter(({ isSubDirectory, page }) => isSubDirectory && page === 0);
  const beside = others.filter(({ isSubDirectory }) => !isSubDirectory);
  const levels: TiffLevel[] = [];
  for (const picture of [first, ...(below.length > 0 ? below : beside)]) {
    if (picture.tile === undefined || picture.isMask) continue;
    const level = await readLevel(picture, fileSize);
    if (typeof level === 'string' || level.coding.kind !== 'jpeg' || hasMissingTiles(level)) return undefined;
    levels.push(level);
  }
  levels.sort((a, b) => b.width - a.width);
  const finest = levels[0];
  if (finest === undefined) return undefined;
  const regular = levels.every((level, index) => {
    const ratio = finest.width / level.width / (finest.height / level.height);
    const tolerance = 1.5 / level.width + 1.5 / level.height + 0.01;
    return Math.abs(ratio - 1) <= tolerance && (index === 0 || level.width < levels[index - 1]!.width);
  });
  return regular ? levels : undefined;
}

/** The hypothesis that the pixels of a level support; undefined when it is none of them. */
export type CompareLevels = (
  base: TiffLevel,
  level: TiffLevel,
  hypotheses: readonly Hypothesis[],
) => Promise<Hypothesis | 'unknown' | undefined>;

/** @returns the reason when no picture of the file can be the slide */
export async function settleLayout(
  { pyramid, series }: TiffDescription,
  fileSize: number,
  compare: CompareLevels,
): Promise<TiffLayout | string> {
  if (typeof pyramid === 'string') return pyramid;
  const { base, candidates } = pyramid;
  const { width, height } = base;
  const notes = [...pyramid.notes];
  if (base.orientation !== UPRIGHT) {
    notes.push(
      `its Orientation (${base.orientation}: mirrored or turned) is not applied: positions are those of the stored picture`,
    );
  }
  const ofBase = series.find((image) => image.width === width && image.height === height);
  const depth = await statedDepth(base.directory, ofBase?.significantBits);
  const baseTiles = await readLevel(base, fileSize, depth);
  if (depth !== undefined && isOfWords(baseTiles))
    notes.push(`${depthText(depth)}: the upper 8 of them are used`);
  const levels: LayoutLevel[] = [
    { picture: base, tiles: baseTiles, hypothesis: { downsample: 1, width, height } },
  ];
  for (const candidate of candidates) {
    const tiles = await readLevel(candidate.picture, fileSize, depth);
    const hypothesis = await settle(candidate, { base: baseTiles, tiles }, compare);
    if (typeof hypothesis === 'string') notes.push(`${nameOf(candidate.picture)} is not used: ${hypothesis}`);
    else levels.push({ picture: candidate.picture, tiles, hypothesis });
  }
  levels.sort((a, b) => a.hypothesis.downsample - b.hypothesis.downsample);
  return { base, series: ofBase, depth, levels, notes };
}

function isOfWords(tiles: TiffLevel | string): boolean {
  return typeof tiles !== 'string' && tiles.coding.kind === 'other' && tiles.coding.usedBits < WORD_BITS;
}

async function settle(
  { picture, hypotheses, needsComparison }: CandidateLevel,
  { base, tiles }: { readonly base: TiffLevel | string; readonly tiles: TiffLevel | string },
  compare: CompareLevels,
): Promise<Hypothesis | string> {
  if (!needsComparison) return hypotheses[0];
  const unsaid = 'nothing in the file says what part of the slide it shows';
  if (typeof base === 'string' || typeof tiles === 'string') return unsaid;
  const found = await compare(base, tiles, hypotheses);
  if (found === undefined) return 'its pixels are not those of the slide';
  if (found !== 'unknown') return found;
  return hypotheses.length === 1 && (picture.isReduced || picture.isSubDirectory) ? hypotheses[0] : unsaid;
}

/**
 * The layout for this package's own reader.
 * @returns the reason when it does not decode the slide itself; levels that it does not decode are left out
 */
export function readableLayout({ base, levels }: TiffLayout): ReadableLayout | string {
  const readable: TiffLevel[] = [];
  for (const { picture, tiles, hypothesis } of levels) {
    if (typeof tiles === 'string') {
      if (picture === base) return tiles;
      continue;
    }
    readable.push({ ...tiles, ...hypothesis });
  }
  return {
    main: base.directory,
    levels: readable,
    subDirectories: levels.some(({ picture }) => picture.isSubDirectory),
  };
}

/** Why the fast path is not taken: it is for whole pyramids of JPEG tiles. */
export function slowReason({ levels }: TiffLayout): string | undefined {
  for (const { tiles } of levels) {
    if (typeof tiles === 'string') return tiles;
    if (tiles.coding.kind !== 'jpeg')
      return `its tiles are not JPEG (compression ${tiles.coding.compression})`;
    if (hasMissingTiles(tiles)) return 'some of its tiles are missing';
  }
  return undefined;
}
