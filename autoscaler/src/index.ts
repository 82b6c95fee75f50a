/** Sizes for runs, from what was measured: models of throughput and memory, decisions, and their simulation. */
export {
  observedRate,
  withObservation,
  type Observation,
  type Size,
  type Workload,
} from './model/observation.ts';
export { predictMemory, type MemorySample, type MemoryShape } from './model/memory.ts';
export {
  fitModel,
  parseModel,
  serialiseModel,
  shapeKey,
  type ModelInput,
  type PerformanceModel,
  type Shape,
} from './model/performance-model.ts';
export { predictThroughput, type Prediction } from './model/throughput.ts';
export { tileSeconds, type TileCostSample } from './model/tile-cost.ts';
