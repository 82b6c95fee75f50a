/** Bags as the engine sees them: the blocks of tiles of all slides of a case, in their order. */
import type { Cohort, CohortCase } from '@wsi/cohort';
import { WsiError } from '@wsi/foundation';
import { bytesOf, type TileBlock } from '@wsi/protocol';
import type { Outcome } from '../heads/index.ts';
import { planBlocks } from './plan.ts';
import type { SurveyedSlide } from './survey.ts';

export interface BagBlock {
  readonly block: TileBlock;
  readonly tiles: number;
  /** The same for all tasks on these tiles. */
  readonly affinity: string;
}

export interface PlannedBag {
  readonly case: CohortCase;
  readonly outcome: Outcome;
  readonly blocks: readonly BagBlock[];
  readonly tiles: number;
  readonly slides: readonly SurveyedSlide[];
}

export function planBags(
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  spec: { readonly batch: number; readonly blockShards: number },
): PlannedBag[] {
  return cohort.cases.map((cohortCase) => {
    const slides = cohortCase.slides.map((path) => {
      const slide = surveyed.get(path);
      if (slide === undefined) throw new WsiError('Internal', 'the slide was not surveyed', { where: path });
      return slide;
    });
    const blocks = slides.flatMap((slide) => slideBlocks(slide, spec));
    return {
      case: cohortCase,
      outcome: headOutcome(cohortCase),
      blocks,
      tiles: blocks.reduce((sum, { tiles }) => sum + tiles, 0),
      slides,
    };
  });
}

/** The same tiles, to be turned and mirrored by `seed` (0: as they are). */
export function oriented(block: TileBlock, seed: number): TileBlock {
  return { ...block, orientationSeed: seed };
}

function slideBlocks(slide: SurveyedSlide, spec: { batch: number; blockShards: number }): BagBlock[] {
  return planBlocks(slide.tiles, spec).map(({ start, end }) => ({
    block: {
      slide: slide.slide,
      coordinates: bytesOf(slide.coordinates.subarray(start * 2, end * 2)),
      orientationSeed: 0,
    },
    tiles: end - start,
    affinity: `${slide.slide}#${start}`,
  }));
}

function headOutcome({ outcome }: CohortCase): Outcome {
  return outcome.type === 'classification'
    ? { kind: 'class', index: outcome.classIndex }
    : { kind: 'survival', time: outcome.time, event: outcome.event === 1 };
}
