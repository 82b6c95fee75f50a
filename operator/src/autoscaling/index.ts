/** Autoscaling of a job: see autoscale.ts for when something is decided, standing.ts for what stands until then. */
export { sizeJob, type SizedPass, type Sizing, type SizingInput } from './sizing.ts';
export type { Autoscaled, AutoscalingObserved } from './input.ts';
export { autoscalingSettings, deadlineTime, type SizedByItsSpec } from './settings.ts';
export { asksForModel, earlierModelOf, type EarlierModel, type MeasuredJob } from './earlier.ts';
export type { MeasuredMemory, MeasuredWindow, MeasuredWorker, TrainingMeasurement } from './measurement.ts';
export { capOf } from './room.ts';
export { shapeName } from './shape.ts';
