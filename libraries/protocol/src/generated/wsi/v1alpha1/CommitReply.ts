// Original file: libraries/protocol/proto/training.proto


export interface CommitReply__Input {
  'version'?: (number);
}

export interface CommitReply {
  'version': (number);
}
