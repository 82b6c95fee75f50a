/**
 * Whether one picture is a smaller version of another, and of which part of it: the mean colours of blocks at the same
 * places are compared. Levels of one slide differ by rounding and compression only; a picture of the whole glass, or a
 * level that is read at a wrong scale, has its tissue elsewhere.
 */
import type { Hypothesis } from '../../level-scale.ts';
import type { Pixels } from '../../pixels.ts';
import type { LevelRegion } from '../../slide.ts';
import type { TiffLevel } from './level.ts';

/** Blocks along a side of the slide. */
const BLOCKS = 16;
/** Pixels along a block's side: on the level, and at most on the slide. */
const BLOCK_SIDE = 8;
const MAXIMUM_SLIDE_SIDE = 256;
/** Grey levels that the blocks of one slide may differ on average; recompressed levels differ by 1 to 3. */
const MAXIMUM_DIFFERENCE = 6;
const MINIMUM_CORRELATION = 0.9;
/** Below this spread of the blocks' means there is nothing to compare. */
const FLAT = 3;

/** Reads regions of both in their own pixels: level 0 is the slide, level 1 the picture in question. */
export type ReadRegions = (regions: readonly LevelRegion[]) => Promise<readonly Pixels[]>;

/** @returns 'unknown' where the slide has nothing to compare, undefined when no hypothesis fits */
export async function compareLevels(
  read: ReadRegions,
  { base, level }: { readonly base: TiffLevel; readonly level: TiffLevel },
  hypotheses: readonly Hypothesis[],
): Promise<Hypothesis | 'unknown' | undefined> {
  let best: { readonly hypothesis: Hypothesis; readonly difference: number } | undefined;
  let flat = 0;
  for (const hypothesis of hypotheses) {
    const places = blocksOf(base, level, hypothesis);
    const [onSlide, onLevel] = await Promise.all([
      blockMeans(read, places.slide),
      blockMeans(read, places.level),
    ]);
    const { difference, correlation, spread } = similarity(onSlide, onLevel);
    if (difference > MAXIMUM_DIFFERENCE) continue;
    if (spread < FLAT) flat++;
    else if (correlation >= MINIMUM_CORRELATION && difference < (best?.difference ?? Infinity)) {
      best = { hypothesis, difference };
    }
  }
  return best?.hypothesis ?? (flat === hypotheses.length ? 'unknown' : undefined);
}

function blocksOf(
  base: TiffLevel,
  level: TiffLevel,
  { downsample, width, height }: Hypothesis,
): { readonly slide: LevelRegion[]; readonly level: LevelRegion[] } {
  const side = Math.max(1, Math.min(BLOCK_SIDE, Math.floor(MAXIMUM_SLIDE_SIDE / downsample)));
  const slideSide = Math.max(1, Math.min(MAXIMUM_SLIDE_SIDE, Math.round(side * downsample)));
  const found: { slide: LevelRegion[]; level: LevelRegion[] } = { slide: [], level: [] };
  const steps = (length: number): number[] =>
    Array.from({ length: BLOCKS }, (_, index) => Math.floor(((length - side) * (index + 0.5)) / BLOCKS));
  for (const y of steps(Math.min(height, level.height))) {
    for (const x of steps(Math.min(width, level.width))) {
      if (x < 0 || y < 0) continue;
      const [left, top] = [Math.round(x * downsample), Math.round(y * downsample)];
      if (left + slideSide > base.width || top + slideSide > base.height) continue;
      found.level.push({ level: 1, x, y, width: side, height: side });
      found.slide.push({ level: 0, x: left, y: top, width: slideSide, height: slideSide });
    }
  }
  return found;
}

/** Red, green and blue of each block, one after the other. */
async function blockMeans(read: ReadRegions, regions: readonly LevelRegion[]): Promise<number[]> {
  const means: number[] = [];
  for (const { data, width, height } of await read(regions)) {
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let at = channel; at < data.length; at += 3) sum += data[at]!;
      means.push(sum / (width * height));
    }
  }
  return means;
}

function similarity(
  a: readonly number[],
  b: readonly number[],
): { readonly difference: number; readonly correlation: number; readonly spread: number } {
  const count = Math.max(1, a.length);
  const meanA = a.reduce((sum, value) => sum + value, 0) / count;
  const meanB = b.reduce((sum, value) => sum + value, 0) / count;
  let [difference, squaresA, squaresB, products] = [0, 0, 0, 0];
  for (const [index, value] of a.entries()) {
    const other = b[index]!;
    difference += Math.abs(value - other);
    squaresA += (value - meanA) ** 2;
    squaresB += (other - meanB) ** 2;
    products += (value - meanA) * (other - meanB);
  }
  const correlation = products / Math.sqrt(squaresA * squaresB || Infinity);
  return { difference: difference / count, correlation, spread: Math.sqrt(squaresA / count) };
}
