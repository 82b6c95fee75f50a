/** Whether the files of a job can be opened here and fit it: slides, or files of features. What is in them the survey finds out. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import { FeatureReader } from '@wsi-operator/features';
import { findAnnotations, openSlide, tilePlaces } from '@wsi-operator/slides';
import { completed, requireKind, type FeatureKind } from '@wsi-operator/trainer';

export interface SlideChecks {
  /** @param mpp that the table states @throws WsiError about the file */
  check(path: string, mpp: number | undefined): Promise<void>;
  close(): Promise<void>;
}

/** To be asked in the order of the cohort: the first file of features says what the others have to be. */
export function slideChecks(spec: WsiTrainingJob['spec']): SlideChecks {
  return spec.cohort.features === undefined ? checksOfSlides(spec) : checksOfFeatures();
}

function checksOfSlides({ patches, cohort: { resolution } }: WsiTrainingJob['spec']): SlideChecks {
  const { annotations } = patches.tissue;
  return {
    async check(path, mpp) {
      const stated = mpp === undefined ? {} : { stated: { mpp, prefer: resolution?.prefer ?? 'file' } };
      const slide = await openSlide(path, stated);
      try {
        tilePlaces(slide, patches);
        if (annotations !== undefined) await findAnnotations(path, annotations);
      } finally {
        await slide.close();
      }
    },
    close: () => Promise.resolve(),
  };
}

function checksOfFeatures(): SlideChecks {
  // It answers in the order in which it is asked.
  const reader = new FeatureReader();
  let kind: FeatureKind | undefined;
  return {
    async check(path) {
      const file = await reader.describe(path);
      if (kind !== undefined) requireKind(path, file, kind);
      kind = completed(kind, file);
    },
    close: () => reader.close(),
  };
}
