export { readEncoderWeights, requireMatch, type EncoderWeights } from './encoder-weights.ts';
export { float32From } from './half-precision.ts';
export { formatShape, type MatchedWeights } from './match.ts';
export { decodeSafetensors, encodeSafetensors, type NamedTensor, type TensorPlace } from './safetensors.ts';
export {
  notSafetensors,
  openWeights,
  readHeader,
  streamTensors,
  type WeightsBytes,
  type WeightsHeader,
} from './weights-file.ts';
export { importWeights, type ImportedWeights } from './import-weights.ts';
