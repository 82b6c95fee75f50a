// Original file: libraries/protocol/proto/training.proto

import type { StatedResolution__Input as _wsi_v1alpha1_StatedResolution__Input, StatedResolution as _wsi_v1alpha1_StatedResolution } from '../../wsi/v1alpha1/StatedResolution.ts';

export interface SurveyTask__Input {
  'slide'?: (string);
  'stated'?: (_wsi_v1alpha1_StatedResolution__Input | null);
}

export interface SurveyTask {
  'slide': (string);
  'stated': (_wsi_v1alpha1_StatedResolution | null);
}
