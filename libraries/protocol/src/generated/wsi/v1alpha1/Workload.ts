// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What of a job decides its cost, besides the number of processes.
 */
export interface Workload__Input {
  'tilesPerStep'?: (number | string);
  'blocksPerStep'?: (number | string);
  'parameterBytes'?: (number | string | Long);
  'patchSize'?: (number);
  'batch'?: (number);
}

/**
 * What of a job decides its cost, besides the number of processes.
 */
export interface Workload {
  'tilesPerStep': (number);
  'blocksPerStep': (number);
  'parameterBytes': (number);
  'patchSize': (number);
  'batch': (number);
}
