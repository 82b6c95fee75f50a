export {
  EngineEncoder,
  engineFacts,
  publishedParameters,
  randomParameters,
  trainedParameters,
  type EncoderParameters,
} from './engine-encoder.ts';
export type { TileEncoder, TileEncoderFacts } from './tile-encoder.ts';
