export {
  CheckpointDirectory,
  loadCheckpoint,
  type Checkpoint,
  type Cursor,
} from './checkpoint/checkpoint.ts';
export type { Heatmap } from './coordinator/heatmaps.ts';
export type { Prediction } from './coordinator/evaluation.ts';
export type { RunResult } from './coordinator/result.ts';
export { exitCodes } from './exit.ts';
export { heatmapPicture } from './prediction/heatmap-picture.ts';
export { Predictor, type SlidePrediction } from './prediction/predictor.ts';
