// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface Failed__Input {
  'task'?: (string);
  'generation'?: (number | string | Long);
  'code'?: (string);
  'message'?: (string);
  /**
   * True when the same task may succeed later or elsewhere (a parameter server was away); false for a bad slide.
   */
  'retryable'?: (boolean);
  /**
   * What may be reported of it to everyone: without names and paths. `message` is for the output volume.
   */
  'publicMessage'?: (string);
}

export interface Failed {
  'task': (string);
  'generation': (number);
  'code': (string);
  'message': (string);
  /**
   * True when the same task may succeed later or elsewhere (a parameter server was away); false for a bad slide.
   */
  'retryable': (boolean);
  /**
   * What may be reported of it to everyone: without names and paths. `message` is for the output volume.
   */
  'publicMessage': (string);
}
