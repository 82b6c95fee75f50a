export { CheckpointDirectory, loadCheckpoint, type Checkpoint } from './checkpoint/checkpoint.ts';
export type { Cursor } from './checkpoint/cursor.ts';
export type { WorkerPool } from './coordinator/leases/worker-pool.ts';
export { chosenVersion } from './selection/selection-record.ts';
export type { RunResult } from './coordinator/learning/result.ts';
export { exitCodes } from './exit.ts';
export { heatmapPicture } from './heatmap/heatmap-picture.ts';
export { tileBoxes, type Heatmap } from './heatmap/heatmap.ts';
export { survivalOutlook, type SurvivalOutlook } from './plan/survival-outlook.ts';
export {
  Predictor,
  type BagPrediction,
  type BagResult,
  type BagToPredict,
  type PredictedSlide,
  type SlideFailure,
} from './prediction/predictor.ts';
export { completed, requireKind, type FeatureKind } from './tile-source/feature-kind.ts';
export type { Prediction } from './scoring/prediction.ts';
export { Extraction, type ExtractionRequest, type SlideEnd } from './extraction/extraction.ts';
export type { EncoderSource } from './extraction/encoder-source.ts';
export { extractedPatches, type ExtractedSlide, type SlideToExtract } from './extraction/messages.ts';
