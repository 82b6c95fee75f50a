// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface RestoreChunk__Input {
  'generation'?: (number | string | Long);
  'version'?: (number);
  /**
   * `parameters` or a slot of the optimizer; offsets are in floats of this server's range.
   */
  'tensor'?: (string);
  'offset'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface RestoreChunk {
  'generation': (number);
  'version': (number);
  /**
   * `parameters` or a slot of the optimizer; offsets are in floats of this server's range.
   */
  'tensor': (string);
  'offset': (number);
  'data': (Buffer);
}
