export { decayMask, decayRanges, type DecayRange } from './decay.ts';
export {
  createOptimizer,
  type Optimizer,
  type OptimizerSpec,
  type OptimizerState,
  type RateRange,
  type UpdateSpec,
} from './optimizer.ts';
export { learningRateAt, type LearningRateSpec, type ScheduleSpec } from './schedule.ts';
export { updateSpec } from './update-spec.ts';
