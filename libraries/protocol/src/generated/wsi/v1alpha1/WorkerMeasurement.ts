// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface WorkerMeasurement__Input {
  'replica'?: (number);
  'instance'?: (string);
  /**
   * While it computes, over the newest window; 0: not known.
   */
  'tilesPerSecond'?: (number | string);
  /**
   * Seconds of computation that the rate was measured over.
   */
  'seconds'?: (number | string);
  'residentBytes'?: (number | string | Long);
  'peakResidentBytes'?: (number | string | Long);
  'deviceBytes'?: (number | string | Long);
  'devicePeakBytes'?: (number | string | Long);
}

export interface WorkerMeasurement {
  'replica': (number);
  'instance': (string);
  /**
   * While it computes, over the newest window; 0: not known.
   */
  'tilesPerSecond': (number);
  /**
   * Seconds of computation that the rate was measured over.
   */
  'seconds': (number);
  'residentBytes': (number);
  'peakResidentBytes': (number);
  'deviceBytes': (number);
  'devicePeakBytes': (number);
}
