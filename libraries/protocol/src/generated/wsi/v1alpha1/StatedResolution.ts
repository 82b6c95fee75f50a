// Original file: libraries/protocol/proto/training.proto


/**
 * The resolution that the cohort states for a slide.
 */
export interface StatedResolution__Input {
  /**
   * Micrometres for a level-0 pixel.
   */
  'mpp'?: (number | string);
  /**
   * Whether it holds against a file that says another one.
   */
  'overrides'?: (boolean);
}

/**
 * The resolution that the cohort states for a slide.
 */
export interface StatedResolution {
  /**
   * Micrometres for a level-0 pixel.
   */
  'mpp': (number);
  /**
   * Whether it holds against a file that says another one.
   */
  'overrides': (boolean);
}
