/** Sizes for runs, from what was measured: models of throughput and memory, decisions, and their simulation. */
export { CONDITIONS, type Conditions } from './simulate/conditions.ts';
export { allocateWorkers, type AllocationOptions, type Claim } from './allocate/allocate.ts';
export {
  decide,
  NO_HISTORY,
  type Decision,
  type DecisionInput,
  type DecisionKind,
  type History,
} from './decide/decide.ts';
export { decideMemory, type MemoryDecision, type MemoryState } from './decide/memory.ts';
export {
  autoscalingSpec,
  type AutoscalingChoice,
  type AutoscalingSpec,
  type Objective,
} from './decide/spec.ts';
export { type Recommendation } from './decide/stabilise.ts';
export { type Replacement, type WorkerRate } from './decide/stragglers.ts';
export { MOST_WORKERS, type Limits, type SizePrediction } from './decide/workers.ts';
export { explain, type Bottleneck, type ExplainedSize } from './explain.ts';
export { fitMemory, predictMemory, type MemorySample, type MemoryShape } from './model/memory.ts';
export {
  isUsable,
  observedRate,
  withObservation,
  type Observation,
  type Size,
  type Workload,
} from './model/observation.ts';
export {
  fitModel,
  parseModel,
  serialiseModel,
  shapeKey,
  type ModelInput,
  type PerformanceModel,
  type Shape,
} from './model/performance-model.ts';
export { fitShapes, predictShape, type ShapeObservation, type ShapesModel } from './model/shapes.ts';
export { predictThroughput, type Prediction } from './model/throughput.ts';
export { tileSeconds, type TileCostSample } from './model/tile-cost.ts';
export {
  POLICY_NAMES,
  simulate,
  SIMULATION_DEFAULTS,
  type PolicyName,
  type PolicyResult,
  type SimulationOptions,
} from './simulate/simulate.ts';
export { drawTrace, traceFromCsv, type TracedJob } from './simulate/trace.ts';
