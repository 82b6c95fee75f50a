// Original file: libraries/protocol/proto/training.proto


/**
 * A stretch of training at one size. Tiles and steps are fractions where older windows have faded.
 */
export interface Observation__Input {
  'workers'?: (number);
  'servers'?: (number);
  'tiles'?: (number | string);
  'steps'?: (number | string);
  'seconds'?: (number | string);
  /**
   * Summed over the workers: about workers * seconds in all.
   */
  'phaseSeconds'?: ({[key: string]: number | string});
}

/**
 * A stretch of training at one size. Tiles and steps are fractions where older windows have faded.
 */
export interface Observation {
  'workers': (number);
  'servers': (number);
  'tiles': (number);
  'steps': (number);
  'seconds': (number);
  /**
   * Summed over the workers: about workers * seconds in all.
   */
  'phaseSeconds': ({[key: string]: number});
}
