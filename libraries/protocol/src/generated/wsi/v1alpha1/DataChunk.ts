// Original file: libraries/protocol/proto/training.proto


export interface DataChunk__Input {
  /**
   * Offset in floats from the start of the requested range.
   */
  'offset'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface DataChunk {
  /**
   * Offset in floats from the start of the requested range.
   */
  'offset': (number);
  'data': (Buffer);
}
