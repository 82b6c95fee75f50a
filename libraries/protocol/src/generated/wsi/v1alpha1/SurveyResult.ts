// Original file: libraries/protocol/proto/training.proto

import type { DensityMap__Input as _wsi_v1alpha1_DensityMap__Input, DensityMap as _wsi_v1alpha1_DensityMap } from '../../wsi/v1alpha1/DensityMap.ts';
import type { Long } from '@grpc/proto-loader';

export interface SurveyResult__Input {
  'coordinates'?: (Buffer | Uint8Array | string);
  /**
   * Sides of a tile in level-0 pixels.
   */
  'footprintX'?: (number | string);
  'fingerprint'?: (string);
  'digest'?: (string);
  'width'?: (number | string | Long);
  'height'?: (number | string | Long);
  'footprintY'?: (number | string);
  /**
   * What the slide shows, to find it again under another name: see libraries/slides/src/likeness.
   */
  'picture'?: (string);
  'detail'?: (Buffer | Uint8Array | string);
  'colours'?: (Buffer | Uint8Array | string);
  /**
   * What was chosen or assumed when the slide was opened.
   */
  'notes'?: (string)[];
  /**
   * What normalises its stains. Absent: nothing.
   */
  'stain'?: (_wsi_v1alpha1_DensityMap__Input | null);
}

export interface SurveyResult {
  'coordinates': (Buffer);
  /**
   * Sides of a tile in level-0 pixels.
   */
  'footprintX': (number);
  'fingerprint': (string);
  'digest': (string);
  'width': (number);
  'height': (number);
  'footprintY': (number);
  /**
   * What the slide shows, to find it again under another name: see libraries/slides/src/likeness.
   */
  'picture': (string);
  'detail': (Buffer);
  'colours': (Buffer);
  /**
   * What was chosen or assumed when the slide was opened.
   */
  'notes': (string)[];
  /**
   * What normalises its stains. Absent: nothing.
   */
  'stain': (_wsi_v1alpha1_DensityMap | null);
}
