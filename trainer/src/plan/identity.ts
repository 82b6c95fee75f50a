/** The digest of everything that decides the numbers of a run. Replicas, output and run policy are not in it. */
import { SCHEDULES, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import type { InitialDigests } from '../initial/digests.ts';
import type { FeatureKind } from '../tile-source/feature-kind.ts';
import { tileOrigin } from './tile-origin.ts';
import type { SurveyedSlide } from './surveyed-slide.ts';
import { heads } from '../heads/index.ts';

/** What decides the numbers, and is in files that neither the job nor the table says. */
export interface Beside {
  /** Of the files that the parameters start from. */
  readonly initial?: InitialDigests;
  /** Where tiles are rows of features, of which kind these are. */
  readonly features?: FeatureKind | undefined;
}

export function identityOf(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  { initial = {}, features }: Beside = {},
): string {
  const cases = cohort.cases.map(({ patient, bag, outcome, split, slides }) => ({
    patient,
    bag,
    outcome,
    split,
    // Where a slide lies does not matter, what is in it does.
    slides: slides.map((path) => [surveyed.get(path)?.fingerprint, surveyed.get(path)?.digest]),
  }));
  return sha256(
    canonicalJson({
      ...tileOrigin(features).identity(spec, initial),
      training: spec.training,
      cases,
      ...heads[spec.model.head.name].identity,
      ...severalBags(spec, cohort),
    }),
  );
}

/**
 * As {@link identityOf}, of any number of epochs: two runs with the same one do the same steps as far as the shorter one
 * goes. Undefined where the length of a step depends on how many there are.
 */
export function prefixIdentityOf(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  beside: Beside = {},
): string | undefined {
  if (SCHEDULES[spec.training.schedule.name].dependsOnEpochs) return undefined;
  return identityOf({ ...spec, training: { ...spec.training, epochs: 0 } }, cohort, surveyed, beside);
}

function severalBags(spec: WsiTrainingJobSpec, { cases }: Cohort): Readonly<Record<string, string>> {
  const several = new Set(cases.map(({ patient }) => patient)).size < cases.length;
  return several ? (heads[spec.model.head.name].identityOfSeveralBags ?? {}) : {};
}
