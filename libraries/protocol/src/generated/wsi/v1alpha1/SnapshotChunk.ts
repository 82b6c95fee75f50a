// Original file: libraries/protocol/proto/training.proto


export interface SnapshotChunk__Input {
  'tensor'?: (string);
  'offset'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface SnapshotChunk {
  'tensor': (string);
  'offset': (number);
  'data': (Buffer);
}
