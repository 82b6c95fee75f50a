// Original file: libraries/protocol/proto/training.proto


export interface EmbedResult__Input {
  'maximum'?: (number | string);
  'sum'?: (number | string);
  /**
   * float64 [d]
   */
  'weighted'?: (Buffer | Uint8Array | string);
  /**
   * float32 [tiles]
   */
  'attention'?: (Buffer | Uint8Array | string);
  /**
   * float32 [tiles, d]
   */
  'embeddings'?: (Buffer | Uint8Array | string);
}

export interface EmbedResult {
  'maximum': (number);
  'sum': (number);
  /**
   * float64 [d]
   */
  'weighted': (Buffer);
  /**
   * float32 [tiles]
   */
  'attention': (Buffer);
  /**
   * float32 [tiles, d]
   */
  'embeddings': (Buffer);
}
