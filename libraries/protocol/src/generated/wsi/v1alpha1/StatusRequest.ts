// Original file: libraries/protocol/proto/training.proto


export interface StatusRequest__Input {
}

export interface StatusRequest {
}
