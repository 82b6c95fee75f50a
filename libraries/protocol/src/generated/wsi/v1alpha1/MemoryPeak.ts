// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface MemoryPeak__Input {
  /**
   * Since the coordinator started.
   */
  'seconds'?: (number | string);
  'bytes'?: (number | string | Long);
}

export interface MemoryPeak {
  /**
   * Since the coordinator started.
   */
  'seconds': (number);
  'bytes': (number);
}
