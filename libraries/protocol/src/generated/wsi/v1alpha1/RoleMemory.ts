// Original file: libraries/protocol/proto/training.proto

import type { MemoryPeak__Input as _wsi_v1alpha1_MemoryPeak__Input, MemoryPeak as _wsi_v1alpha1_MemoryPeak } from '../../wsi/v1alpha1/MemoryPeak.ts';
import type { Long } from '@grpc/proto-loader';

export interface RoleMemory__Input {
  'residentBytes'?: (number | string | Long);
  'peakBytes'?: (number | string | Long);
  'deviceBytes'?: (number | string | Long);
  'devicePeakBytes'?: (number | string | Long);
  /**
   * Recent peaks, oldest first.
   */
  'peaks'?: (_wsi_v1alpha1_MemoryPeak__Input)[];
}

export interface RoleMemory {
  'residentBytes': (number);
  'peakBytes': (number);
  'deviceBytes': (number);
  'devicePeakBytes': (number);
  /**
   * Recent peaks, oldest first.
   */
  'peaks': (_wsi_v1alpha1_MemoryPeak)[];
}
