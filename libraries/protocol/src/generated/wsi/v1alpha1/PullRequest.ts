// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface PullRequest__Input {
  'generation'?: (number | string | Long);
  'version'?: (number);
  /**
   * Half-open range of the whole vector, inside this server's.
   */
  'start'?: (number);
  'end'?: (number);
  /**
   * The average over the steps until the newest version, which `version` must be.
   */
  'averaged'?: (boolean);
  '_averaged'?: "averaged";
}

export interface PullRequest {
  'generation': (number);
  'version': (number);
  /**
   * Half-open range of the whole vector, inside this server's.
   */
  'start': (number);
  'end': (number);
  /**
   * The average over the steps until the newest version, which `version` must be.
   */
  'averaged'?: (boolean);
}
