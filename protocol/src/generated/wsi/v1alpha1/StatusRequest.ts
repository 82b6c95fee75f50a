// Original file: protocol/proto/training.proto


export interface StatusRequest__Input {
}

export interface StatusRequest {
}
