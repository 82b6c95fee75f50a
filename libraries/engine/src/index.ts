export {
  Engine,
  type BagCotangent,
  type Embedded,
  type EngineOptions,
  type EngineStatistics,
  type ParameterSet,
} from './engine.ts';
export type { Tiles } from './network/input.ts';
export {
  aggregatorSettings,
  embeddingSize,
  encoderRevision,
  requireNetwork,
  type Aggregator,
  type FeatureNetwork,
  type Network,
  type TileNetwork,
} from './network/network.ts';
export {
  initialParameters,
  parameterLayout,
  type ParameterLayout,
  type ParameterTensor,
} from './network/parameters.ts';
export { encoderStages } from './network/stages.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  float32From,
  formatShape,
  importWeights,
  notSafetensors,
  openWeights,
  readEncoderWeights,
  readHeader,
  requireMatch,
  streamTensors,
  type EncoderWeights,
  type ImportedWeights,
  type MatchedWeights,
  type NamedTensor,
  type TensorPlace,
  type WeightsBytes,
  type WeightsHeader,
} from './weights/index.ts';
export { savedModel } from './network/programs.ts';
