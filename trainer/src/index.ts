export { CheckpointDirectory, loadCheckpoint, type Checkpoint } from './checkpoint/checkpoint.ts';
export type { Cursor } from './checkpoint/cursor.ts';
export type { Heatmap } from './coordinator/learning/heatmaps.ts';
export type { Prediction } from './coordinator/learning/evaluation.ts';
export { chosenVersion } from './coordinator/run/selection-record.ts';
export type { RunResult } from './coordinator/learning/result.ts';
export { exitCodes } from './exit.ts';
export { heatmapPicture } from './prediction/heatmap-picture.ts';
export { survivalOutlook, type SurvivalOutlook } from './plan/survival-outlook.ts';
export {
  Predictor,
  type BagPrediction,
  type BagResult,
  type BagToPredict,
  type PredictedSlide,
  type SlideFailure,
} from './prediction/predictor.ts';
export { tileBoxes } from './coordinator/learning/heatmaps.ts';
