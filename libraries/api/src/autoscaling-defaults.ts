/** What `spec.autoscaling` is when nothing of it is given: also for jobs without it, whose sizes are only advised. */
import { autoscaling } from './definition/autoscaling.ts';
import type { WsiTrainingJobSpec } from './definition/job.ts';
import { withDefaults } from './schema/defaults.ts';

export function autoscalingDefaults(): NonNullable<WsiTrainingJobSpec['autoscaling']> {
  return withDefaults(autoscaling.node, {}, 'all') as NonNullable<WsiTrainingJobSpec['autoscaling']>;
}
