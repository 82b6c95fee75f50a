// Original file: libraries/protocol/proto/training.proto


/**
 * Random changes of a slide's tiles: the same for both passes of a step.
 */
export interface TileAugmentation__Input {
  /**
   * Of the slide in this epoch; the numbers of a tile come from it and the tile's position.
   */
  'seed'?: (number);
  /**
   * The job's training.augmentations, as JSON.
   */
  'settings'?: (string);
}

/**
 * Random changes of a slide's tiles: the same for both passes of a step.
 */
export interface TileAugmentation {
  /**
   * Of the slide in this epoch; the numbers of a tile come from it and the tile's position.
   */
  'seed': (number);
  /**
   * The job's training.augmentations, as JSON.
   */
  'settings': (string);
}
