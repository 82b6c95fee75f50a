// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A task that the worker ended without a result, because nobody waited for it any more. Every task is answered.
 */
export interface Dropped__Input {
  'task'?: (string);
  'generation'?: (number | string | Long);
}

/**
 * A task that the worker ended without a result, because nobody waited for it any more. Every task is answered.
 */
export interface Dropped {
  'task': (string);
  'generation': (number);
}
