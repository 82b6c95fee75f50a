/** Bags as the engine sees them: the blocks of tiles of all slides of a case, in their order. */
import type { Cohort, CohortCase } from '@wsi-operator/cohort';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { bytesOf, type TileAugmentation, type TileBlock } from '@wsi-operator/protocol';
import type { SurveyedSlide } from './surveyed-slide.ts';
import type { BagOutcome } from '../heads/index.ts';
import { headOutcome } from './head-outcome.ts';
import { planBlocks } from './plan.ts';

export interface BagBlock {
  readonly block: TileBlock;
  readonly tiles: number;
  /** The same for all tasks on these tiles. */
  readonly affinity: string;
}

export interface PlannedBag {
  readonly case: CohortCase;
  readonly outcome: BagOutcome;
  readonly blocks: readonly BagBlock[];
  readonly tiles: number;
  readonly slides: readonly SurveyedSlide[];
}

export function planBags(
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  spec: { readonly batch: number; readonly blockShards: number },
): PlannedBag[] {
  const bagsOf = Map.groupBy(cohort.cases, ({ patient }) => patient);
  return cohort.cases.map((cohortCase) => {
    const slides = cohortCase.slides.map((path) => {
      const slide = surveyed.get(path);
      if (slide === undefined)
        throw new WsiError('Internal', publicText`the slide was not surveyed`, { where: path });
      return slide;
    });
    const blocks = slides.flatMap((slide) => slideBlocks(slide, spec));
    return {
      case: cohortCase,
      outcome: headOutcome(cohortCase, bagsOf.get(cohortCase.patient)!.length),
      blocks,
      tiles: blocks.reduce((sum, { tiles }) => sum + tiles, 0),
      slides,
    };
  });
}

/** How the tiles of a bag are changed in an epoch: alike for both passes of a step. */
export interface BagAugmentation {
  /** Turns and mirrors; 0: not at all. */
  readonly orientationSeed: number;
  /** By slide; empty: none. */
  readonly bySlide: ReadonlyMap<string, TileAugmentation>;
}

export const NO_AUGMENTATION: BagAugmentation = { orientationSeed: 0, bySlide: new Map() };

/** The same tiles, to be changed. */
export function augmented(block: TileBlock, { orientationSeed, bySlide }: BagAugmentation): TileBlock {
  const augmentation = bySlide.get(block.slide);
  return { ...block, orientationSeed, ...(augmentation === undefined ? {} : { augmentation }) };
}

export function slideBlocks(
  slide: Pick<SurveyedSlide, 'slide' | 'tiles' | 'coordinates' | 'stated' | 'stain'>,
  spec: { readonly batch: number; readonly blockShards: number },
): BagBlock[] {
  return planBlocks(slide.tiles, spec).map(({ start, end }) => ({
    block: {
      slide: slide.slide,
      coordinates: bytesOf(slide.coordinates.subarray(start * 2, end * 2)),
      orientationSeed: 0,
      first: start,
      ...(slide.stated === undefined ? {} : { stated: slide.stated }),
      ...(slide.stain === undefined ? {} : { stain: slide.stain }),
    },
    tiles: end - start,
    affinity: `${slide.slide}#${start}`,
  }));
}
