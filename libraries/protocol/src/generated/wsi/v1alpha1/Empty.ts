// Original file: libraries/protocol/proto/training.proto


export interface Empty__Input {
}

export interface Empty {
}
