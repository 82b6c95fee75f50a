/**
 * The seeds by which workers change the tiles of a bag. They depend on the job's seed, the epoch, the bag and the place of
 * the slide in it, and on nothing else, so that both passes of a step, and any worker, see the same pixels.
 */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';
import type { BagAugmentation } from './bags.ts';
import type { SurveyedSlide } from './surveyed-slide.ts';

export type AugmentationSettings = Pick<
  WsiTrainingJobSpec['training'],
  'seed' | 'augmentation' | 'augmentations'
>;

/** @param bag its place among the training bags, and its slides */
export function augmentationOf(
  { seed, augmentation, augmentations }: AugmentationSettings,
  epoch: number,
  bag: { readonly index: number; readonly slides: readonly Pick<SurveyedSlide, 'slide'>[] },
): BagAugmentation {
  const draw = (purpose: string): number =>
    new RandomStream(seed, `epoch/${epoch}/${purpose}`).integer(0xffffffff) + 1;
  const settings = JSON.stringify(augmentations ?? {});
  const seeded = bag.slides.map(
    ({ slide }, place) => [slide, { seed: draw(`augmentation/${bag.index}/${place}`), settings }] as const,
  );
  return {
    orientationSeed: augmentation === 'none' ? 0 : draw(`orientation/${bag.index}`),
    bySlide: new Map(settings === '{}' ? [] : seeded),
  };
}
