// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface Window__Input {
  'workers'?: (number);
  'servers'?: (number);
  'tiles'?: (number | string);
  'steps'?: (number | string);
  'seconds'?: (number | string);
  'phaseSeconds'?: ({[key: string]: number | string});
  'tilesPerSecond'?: (number | string);
  /**
   * By all workers, to and from parameter servers.
   */
  'bytesSent'?: (number | string | Long);
  'bytesReceived'?: (number | string | Long);
  /**
   * Time on processors, of all workers' threads.
   */
  'processorSeconds'?: (number | string);
}

export interface Window {
  'workers': (number);
  'servers': (number);
  'tiles': (number);
  'steps': (number);
  'seconds': (number);
  'phaseSeconds': ({[key: string]: number});
  'tilesPerSecond': (number);
  /**
   * By all workers, to and from parameter servers.
   */
  'bytesSent': (number);
  'bytesReceived': (number);
  /**
   * Time on processors, of all workers' threads.
   */
  'processorSeconds': (number);
}
