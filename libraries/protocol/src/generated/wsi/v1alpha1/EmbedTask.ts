// Original file: libraries/protocol/proto/training.proto

import type { TileBlock__Input as _wsi_v1alpha1_TileBlock__Input, TileBlock as _wsi_v1alpha1_TileBlock } from '../../wsi/v1alpha1/TileBlock.ts';

export interface EmbedTask__Input {
  'block'?: (_wsi_v1alpha1_TileBlock__Input | null);
  /**
   * Also return the tiles' raw attention scores (heatmaps).
   */
  'attention'?: (boolean);
  /**
   * Return every tile's embedding instead of the partial aggregate (the gathered path).
   */
  'gather'?: (boolean);
}

export interface EmbedTask {
  'block': (_wsi_v1alpha1_TileBlock | null);
  /**
   * Also return the tiles' raw attention scores (heatmaps).
   */
  'attention': (boolean);
  /**
   * Return every tile's embedding instead of the partial aggregate (the gathered path).
   */
  'gather': (boolean);
}
