// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface PushHeader__Input {
  'generation'?: (number | string | Long);
  'step'?: (number);
  /**
   * body: one leaf a block; head: one leaf, from the coordinator.
   */
  'segment'?: (string);
  'leaf'?: (number);
  'leaves'?: (number);
  /**
   * Half-open range of the whole vector; must be the segment's part of this server's range.
   */
  'start'?: (number);
  'end'?: (number);
}

export interface PushHeader {
  'generation': (number);
  'step': (number);
  /**
   * body: one leaf a block; head: one leaf, from the coordinator.
   */
  'segment': (string);
  'leaf': (number);
  'leaves': (number);
  /**
   * Half-open range of the whole vector; must be the segment's part of this server's range.
   */
  'start': (number);
  'end': (number);
}
