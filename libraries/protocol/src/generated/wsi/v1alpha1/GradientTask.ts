// Original file: libraries/protocol/proto/training.proto

import type { TileBlock__Input as _wsi_v1alpha1_TileBlock__Input, TileBlock as _wsi_v1alpha1_TileBlock } from '../../wsi/v1alpha1/TileBlock.ts';
import type { BagCotangent__Input as _wsi_v1alpha1_BagCotangent__Input, BagCotangent as _wsi_v1alpha1_BagCotangent } from '../../wsi/v1alpha1/BagCotangent.ts';

export interface GradientTask__Input {
  'block'?: (_wsi_v1alpha1_TileBlock__Input | null);
  'step'?: (number);
  'leaf'?: (number);
  'leaves'?: (number);
  'bag'?: (_wsi_v1alpha1_BagCotangent__Input | null);
  /**
   * float32 [tiles, d]: the gathered path.
   */
  'tiles'?: (Buffer | Uint8Array | string);
  'cotangent'?: "bag"|"tiles";
}

export interface GradientTask {
  'block': (_wsi_v1alpha1_TileBlock | null);
  'step': (number);
  'leaf': (number);
  'leaves': (number);
  'bag'?: (_wsi_v1alpha1_BagCotangent | null);
  /**
   * float32 [tiles, d]: the gathered path.
   */
  'tiles'?: (Buffer);
}
