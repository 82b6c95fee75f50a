// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface CommitRequest__Input {
  'generation'?: (number | string | Long);
  'step'?: (number);
  'learningRate'?: (number | string);
  /**
   * Versions below this one are not needed any more.
   */
  'oldestNeeded'?: (number);
  /**
   * Leaves of the body segment.
   */
  'leaves'?: (number);
  /**
   * The gradient is multiplied by it; absent: left as it is.
   */
  'gradientScale'?: (number | string);
  '_gradientScale'?: "gradientScale";
}

export interface CommitRequest {
  'generation': (number);
  'step': (number);
  'learningRate': (number);
  /**
   * Versions below this one are not needed any more.
   */
  'oldestNeeded': (number);
  /**
   * Leaves of the body segment.
   */
  'leaves': (number);
  /**
   * The gradient is multiplied by it; absent: left as it is.
   */
  'gradientScale'?: (number);
}
