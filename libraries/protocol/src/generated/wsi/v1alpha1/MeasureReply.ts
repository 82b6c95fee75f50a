// Original file: libraries/protocol/proto/training.proto


/**
 * The sum of squares of this server's part of the gradient, exactly: see trainer/src/aggregate/exact-squares.ts.
 */
export interface MeasureReply__Input {
  /**
   * float64 [2 * 256]
   */
  'squares'?: (Buffer | Uint8Array | string);
}

/**
 * The sum of squares of this server's part of the gradient, exactly: see trainer/src/aggregate/exact-squares.ts.
 */
export interface MeasureReply {
  /**
   * float64 [2 * 256]
   */
  'squares': (Buffer);
}
