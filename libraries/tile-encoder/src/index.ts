export {
  EngineEncoder,
  engineFacts,
  publishedParameters,
  randomParameters,
  trainedParameters,
  type EncoderParameters,
} from './engine-encoder.ts';
export type { TileEncoder, TileEncoderFacts } from './tile-encoder.ts';
export { OnnxEncoder, onnxFacts } from './onnx/onnx-encoder.ts';
export { ONNX_LAYOUTS, parseNormalisation, type OnnxLayout, type OnnxOptions } from './onnx/onnx-options.ts';
