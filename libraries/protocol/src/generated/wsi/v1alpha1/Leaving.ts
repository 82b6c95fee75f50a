// Original file: libraries/protocol/proto/training.proto

import type { Dropped__Input as _wsi_v1alpha1_Dropped__Input, Dropped as _wsi_v1alpha1_Dropped } from '../../wsi/v1alpha1/Dropped.ts';

/**
 * The worker was asked to stop: it finishes what it computes, gives back the rest and takes nothing new.
 */
export interface Leaving__Input {
  'returned'?: (_wsi_v1alpha1_Dropped__Input)[];
}

/**
 * The worker was asked to stop: it finishes what it computes, gives back the rest and takes nothing new.
 */
export interface Leaving {
  'returned': (_wsi_v1alpha1_Dropped)[];
}
