// Original file: libraries/protocol/proto/training.proto

import type { HeldStep__Input as _wsi_v1alpha1_HeldStep__Input, HeldStep as _wsi_v1alpha1_HeldStep } from '../../wsi/v1alpha1/HeldStep.ts';

export interface ConfigureReply__Input {
  'instance'?: (string);
  /**
   * What was asked to be kept was; the rest is of an adoption only.
   */
  'adopted'?: (boolean);
  'newestVersion'?: (number);
  'steps'?: (_wsi_v1alpha1_HeldStep__Input)[];
}

export interface ConfigureReply {
  'instance': (string);
  /**
   * What was asked to be kept was; the rest is of an adoption only.
   */
  'adopted': (boolean);
  'newestVersion': (number);
  'steps': (_wsi_v1alpha1_HeldStep)[];
}
