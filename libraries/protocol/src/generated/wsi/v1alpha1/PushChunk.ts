// Original file: libraries/protocol/proto/training.proto

import type { PushHeader__Input as _wsi_v1alpha1_PushHeader__Input, PushHeader as _wsi_v1alpha1_PushHeader } from '../../wsi/v1alpha1/PushHeader.ts';

export interface PushChunk__Input {
  /**
   * In the first chunk of a call only.
   */
  'header'?: (_wsi_v1alpha1_PushHeader__Input | null);
  /**
   * Offset in floats from header.start.
   */
  'offset'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface PushChunk {
  /**
   * In the first chunk of a call only.
   */
  'header': (_wsi_v1alpha1_PushHeader | null);
  /**
   * Offset in floats from header.start.
   */
  'offset': (number);
  'data': (Buffer);
}
