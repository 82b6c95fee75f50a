// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface PingRequest__Input {
  'generation'?: (number | string | Long);
  /**
   * The coordinator ends in order: nobody needs what this server holds any more.
   */
  'farewell'?: (boolean);
}

export interface PingRequest {
  'generation': (number);
  /**
   * The coordinator ends in order: nobody needs what this server holds any more.
   */
  'farewell': (boolean);
}
