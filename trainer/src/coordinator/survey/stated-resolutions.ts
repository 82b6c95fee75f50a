/** The resolutions that a cohort states for its slides, in the form sent to workers. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import type { StatedResolution } from '@wsi-operator/protocol';

export function statedResolutions(
  { cohort: { resolution } }: WsiTrainingJobSpec,
  { statedMpp }: Cohort,
): (slide: string) => StatedResolution | undefined {
  const overrides = resolution?.prefer === 'statement';
  return (slide) => {
    const mpp = statedMpp?.[slide];
    return mpp === undefined ? undefined : { mpp, overrides };
  };
}
