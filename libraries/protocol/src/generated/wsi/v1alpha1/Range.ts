// Original file: libraries/protocol/proto/training.proto


export interface Range__Input {
  'start'?: (number);
  'end'?: (number);
}

export interface Range {
  'start': (number);
  'end': (number);
}
