/** The digest of everything that decides the numbers of a run. Replicas, output and run policy are not in it. */
import { SCHEDULES, type WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { canonicalJson, sha256 } from '@wsi-operator/foundation';
import { modelByContent, type InitialDigests } from '../initial/digests.ts';
import { laterRevision } from './model.ts';
import type { SurveyedSlide } from './surveyed-slide.ts';
import { heads } from '../heads/index.ts';

export function identityOf(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
  initial: InitialDigests = {},
): string {
  const { cacheBytes: _cacheBytes, ...patches } = spec.patches;
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
      patches,
      model: modelByContent(spec.model, initial),
      training: spec.training,
      cases,
      ...laterRevision(spec.model.encoder),
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
  initial: InitialDigests = {},
): string | undefined {
  if (SCHEDULES[spec.training.schedule.name].dependsOnEpochs) return undefined;
  return identityOf({ ...spec, training: { ...spec.training, epochs: 0 } }, cohort, surveyed, initial);
}

function severalBags(spec: WsiTrainingJobSpec, { cases }: Cohort): Readonly<Record<string, string>> {
  const several = new Set(cases.map(({ patient }) => patient)).size < cases.length;
  return several ? (heads[spec.model.head.name].identityOfSeveralBags ?? {}) : {};
}
