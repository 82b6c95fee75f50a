// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface MeasureRequest__Input {
  'generation'?: (number | string | Long);
  'step'?: (number);
  /**
   * Leaves of the body segment.
   */
  'leaves'?: (number);
}

export interface MeasureRequest {
  'generation': (number);
  'step': (number);
  /**
   * Leaves of the body segment.
   */
  'leaves': (number);
}
