/** What a status is put together from. */
import type { WsiTrainingJob, WsiTrainingJobStatus } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { Failures } from './failure-policy.ts';
import type { Snapshot } from '../job/snapshot.ts';
import type { Course } from './course.ts';

export interface StatusInput {
  /** At the size that it is to have now. */
  readonly job: WsiTrainingJob;
  readonly autoscaling: WsiTrainingJobStatus['autoscaling'];
  readonly snapshot: Snapshot;
  readonly failures: Failures;
  readonly course: Course;
  readonly settings: ClusterSettings;
  /** True when no process of the job is left. */
  readonly stopped: boolean;
  /** Running pods have certificates that expire soon. */
  readonly expiring: boolean;
  /** A topology is asked for that nobody reads. */
  readonly topologyIgnored: boolean;
  readonly observed: Observed;
  readonly now: number;
}
