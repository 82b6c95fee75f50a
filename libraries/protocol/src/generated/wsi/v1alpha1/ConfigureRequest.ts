// Original file: libraries/protocol/proto/training.proto

import type { Range__Input as _wsi_v1alpha1_Range__Input, Range as _wsi_v1alpha1_Range } from '../../wsi/v1alpha1/Range.ts';
import type { RateRange__Input as _wsi_v1alpha1_RateRange__Input, RateRange as _wsi_v1alpha1_RateRange } from '../../wsi/v1alpha1/RateRange.ts';
import type { Long } from '@grpc/proto-loader';

export interface ConfigureRequest__Input {
  'generation'?: (number | string | Long);
  /**
   * This server's half-open range of the whole vector.
   */
  'start'?: (number);
  'end'?: (number);
  'bodyLength'?: (number);
  /**
   * The optimizer as JSON (the job's training.optimizer).
   */
  'optimizer'?: (string);
  /**
   * Half-open ranges of the whole vector to which weight decay applies.
   */
  'decay'?: (_wsi_v1alpha1_Range__Input)[];
  /**
   * Not 0: keep versions, optimizer state and gradients if they are of this generation and the same range, and else
   * change nothing. A coordinator that takes over from another one asks for it.
   */
  'adoptGeneration'?: (number | string | Long);
  /**
   * Where the learning rate has another factor than 1; 0: the parameters stay as they are.
   */
  'rates'?: (_wsi_v1alpha1_RateRange__Input)[];
}

export interface ConfigureRequest {
  'generation': (number);
  /**
   * This server's half-open range of the whole vector.
   */
  'start': (number);
  'end': (number);
  'bodyLength': (number);
  /**
   * The optimizer as JSON (the job's training.optimizer).
   */
  'optimizer': (string);
  /**
   * Half-open ranges of the whole vector to which weight decay applies.
   */
  'decay': (_wsi_v1alpha1_Range)[];
  /**
   * Not 0: keep versions, optimizer state and gradients if they are of this generation and the same range, and else
   * change nothing. A coordinator that takes over from another one asks for it.
   */
  'adoptGeneration': (number);
  /**
   * Where the learning rate has another factor than 1; 0: the parameters stay as they are.
   */
  'rates': (_wsi_v1alpha1_RateRange)[];
}
