/** Autoscaling of a job: see autoscale.ts for when something is decided, standing.ts for what stands until then. */
export { autoscale, type Autoscaled, type AutoscalingWorld } from './autoscale.ts';
export { replacements } from './history.ts';
export { autoscalingSettings, deadlineTime } from './settings.ts';
export { shapeName } from './shape.ts';
export { sizedJob } from './sized-job.ts';
export { standingOf } from './standing.ts';
