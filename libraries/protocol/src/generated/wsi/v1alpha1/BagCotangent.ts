// Original file: libraries/protocol/proto/training.proto


export interface BagCotangent__Input {
  /**
   * float32 [d]: the loss' gradient by the bag's embedding.
   */
  'gradient'?: (Buffer | Uint8Array | string);
  /**
   * float32 [d]
   */
  'embedding'?: (Buffer | Uint8Array | string);
  'logSumExp'?: (number | string);
}

export interface BagCotangent {
  /**
   * float32 [d]: the loss' gradient by the bag's embedding.
   */
  'gradient': (Buffer);
  /**
   * float32 [d]
   */
  'embedding': (Buffer);
  'logSumExp': (number);
}
