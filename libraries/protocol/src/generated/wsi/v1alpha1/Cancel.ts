// Original file: libraries/protocol/proto/training.proto


export interface Cancel__Input {
  'tasks'?: (string)[];
}

export interface Cancel {
  'tasks': (string)[];
}
