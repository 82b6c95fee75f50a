// Original file: libraries/protocol/proto/training.proto


/**
 * Leaves of a step's body that a server holds.
 */
export interface HeldStep__Input {
  'step'?: (number);
  'leaves'?: (number)[];
}

/**
 * Leaves of a step's body that a server holds.
 */
export interface HeldStep {
  'step': (number);
  'leaves': (number)[];
}
