// Original file: libraries/protocol/proto/training.proto

import type { Long } from '@grpc/proto-loader';

export interface Usage__Input {
  /**
   * Seconds since the process started, by phase. A worker's phases are one after another, so that they add up to the
   * time that it was connected: open, read, decode, queue, forward, backward, push, pull, leaseWait.
   */
  'phaseSeconds'?: ({[key: string]: number | string});
  'residentBytes'?: (number | string | Long);
  'peakResidentBytes'?: (number | string | Long);
  'tiles'?: (number | string | Long);
  'bytesSent'?: (number | string | Long);
  'bytesReceived'?: (number | string | Long);
  /**
   * Of the device's own memory, by this process; 0 on a CPU, and where the device does not report it.
   */
  'deviceBytes'?: (number | string | Long);
  'devicePeakBytes'?: (number | string | Long);
  /**
   * Time on processors, of all threads, since the process started.
   */
  'processorSeconds'?: (number | string);
}

export interface Usage {
  /**
   * Seconds since the process started, by phase. A worker's phases are one after another, so that they add up to the
   * time that it was connected: open, read, decode, queue, forward, backward, push, pull, leaseWait.
   */
  'phaseSeconds': ({[key: string]: number});
  'residentBytes': (number);
  'peakResidentBytes': (number);
  'tiles': (number);
  'bytesSent': (number);
  'bytesReceived': (number);
  /**
   * Of the device's own memory, by this process; 0 on a CPU, and where the device does not report it.
   */
  'deviceBytes': (number);
  'devicePeakBytes': (number);
  /**
   * Time on processors, of all threads, since the process started.
   */
  'processorSeconds': (number);
}
