// Original file: libraries/protocol/proto/training.proto

import type { StatedResolution__Input as _wsi_v1alpha1_StatedResolution__Input, StatedResolution as _wsi_v1alpha1_StatedResolution } from '../../wsi/v1alpha1/StatedResolution.ts';
import type { TileAugmentation__Input as _wsi_v1alpha1_TileAugmentation__Input, TileAugmentation as _wsi_v1alpha1_TileAugmentation } from '../../wsi/v1alpha1/TileAugmentation.ts';
import type { DensityMap__Input as _wsi_v1alpha1_DensityMap__Input, DensityMap as _wsi_v1alpha1_DensityMap } from '../../wsi/v1alpha1/DensityMap.ts';

export interface TileBlock__Input {
  'slide'?: (string);
  /**
   * int32 pairs (x, y): the tiles' top left corners in level-0 pixels.
   */
  'coordinates'?: (Buffer | Uint8Array | string);
  /**
   * Turns and mirrors each tile by a hash of this seed and its position; 0 leaves tiles as they are.
   */
  'orientationSeed'?: (number);
  'stated'?: (_wsi_v1alpha1_StatedResolution__Input | null);
  /**
   * Absent: the tiles keep their colours and their sharpness.
   */
  'augmentation'?: (_wsi_v1alpha1_TileAugmentation__Input | null);
  /**
   * Of the slide, from its survey. Absent: the tiles keep their stains.
   */
  'stain'?: (_wsi_v1alpha1_DensityMap__Input | null);
  /**
   * Place of the first tile among those of the slide: of a file of features, its row.
   */
  'first'?: (number);
  '_first'?: "first";
}

export interface TileBlock {
  'slide': (string);
  /**
   * int32 pairs (x, y): the tiles' top left corners in level-0 pixels.
   */
  'coordinates': (Buffer);
  /**
   * Turns and mirrors each tile by a hash of this seed and its position; 0 leaves tiles as they are.
   */
  'orientationSeed': (number);
  'stated': (_wsi_v1alpha1_StatedResolution | null);
  /**
   * Absent: the tiles keep their colours and their sharpness.
   */
  'augmentation': (_wsi_v1alpha1_TileAugmentation | null);
  /**
   * Of the slide, from its survey. Absent: the tiles keep their stains.
   */
  'stain': (_wsi_v1alpha1_DensityMap | null);
  /**
   * Place of the first tile among those of the slide: of a file of features, its row.
   */
  'first'?: (number);
}
