// Original file: libraries/protocol/proto/training.proto


export interface RateRange__Input {
  'start'?: (number);
  'end'?: (number);
  'factor'?: (number | string);
}

export interface RateRange {
  'start': (number);
  'end': (number);
  'factor': (number);
}
