/** The digest of everything that decides the numbers of a run. Replicas, output and run policy are not in it. */
import type { WsiTrainingJobSpec } from '@wsi/api';
import type { Cohort } from '@wsi/cohort';
import { canonicalJson, sha256 } from '@wsi/foundation';
import type { SurveyedSlide } from './survey.ts';

export function identityOf(
  spec: WsiTrainingJobSpec,
  cohort: Cohort,
  surveyed: ReadonlyMap<string, SurveyedSlide>,
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
  return sha256(canonicalJson({ patches, model: spec.model, training: spec.training, cases }));
}
