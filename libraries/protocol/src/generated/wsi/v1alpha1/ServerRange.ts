// Original file: libraries/protocol/proto/training.proto


export interface ServerRange__Input {
  'address'?: (string);
  'start'?: (number);
  'end'?: (number);
}

export interface ServerRange {
  'address': (string);
  'start': (number);
  'end': (number);
}
