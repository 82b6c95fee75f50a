/** From the slides that were given to the bags that are scored (pure). */
import { bagSlides, type ListedSlide } from '@wsi-operator/cohort';
import type { BagToPredict } from '@wsi-operator/trainer';
import type { GivenFault, GivenSlides } from '../slides/given-slides.ts';

export interface BagToScore extends BagToPredict {
  /** Slides of the bag that are not there. */
  readonly missing: readonly GivenFault[];
}

/**
 * By the rule of the model: a patient's slides together, or each slide for itself. Slides of which no patient is known are
 * bags of their own.
 * @param overrides whether a resolution that a table states holds against the file's
 */
export function bagsToScore(
  { slides, faults }: GivenSlides,
  rule: 'patient' | 'slide',
  absolute: (path: string) => string,
  overrides = false,
): { readonly bags: readonly BagToScore[]; readonly lost: readonly GivenFault[] } {
  const listed = slides.map(({ path, name, patient }): ListedSlide => ({
    line: 0,
    name: name ?? absolute(path),
    path: absolute(path),
    ...(patient === undefined ? {} : { patient }),
  }));
  const bags = bagSlides(rule, listed);
  const missingOf = ({ patient }: BagToPredict): GivenFault[] =>
    rule === 'slide' || patient === undefined ? [] : faults.filter((fault) => fault.patient === patient);
  const stated = new Map(
    slides.flatMap(({ path, mpp }) => (mpp === undefined ? [] : [[absolute(path), mpp]])),
  );
  const statedOf = (paths: readonly string[]): Pick<BagToPredict, 'stated'> => {
    const statedSlides = paths.flatMap((path) => {
      const mpp = stated.get(path);
      return mpp === undefined ? [] : [[path, { mpp, overrides }] as const];
    });
    return statedSlides.length === 0 ? {} : { stated: Object.fromEntries(statedSlides) };
  };
  const scored = bags.map((bag) => ({ ...bag, ...statedOf(bag.slides), missing: missingOf(bag) }));
  const within = new Set(scored.flatMap(({ missing }) => missing));
  return { bags: scored, lost: faults.filter((fault) => !within.has(fault)) };
}
