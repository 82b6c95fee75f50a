/** Autoscaling of a job: see autoscale.ts for when something is decided, standing.ts for what stands until then. */
export { autoscale, type Autoscaled, type AutoscalingInput } from './autoscale.ts';
export { replacements } from './history.ts';
export { autoscalingSettings, deadlineTime, type SizedByItsSpec } from './settings.ts';
export { capOf } from './room.ts';
export { shapeName } from './shape.ts';
export { settleForQueue } from './queue-proof.ts';
export { sizedJob } from './sized-job.ts';
export { standingOf } from './standing.ts';
export { trialSlot } from './proof.ts';
