// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface SnapshotRequest__Input {
  'generation'?: (number | string | Long);
  'version'?: (number);
}

export interface SnapshotRequest {
  'generation': (number);
  'version': (number);
}
