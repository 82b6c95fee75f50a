/** What one pass over a job comes to. */
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import type { Action, PlanEvent } from '../job/actions.ts';

export interface Plan {
  readonly actions: readonly Action[];
  /** The whole new status, to be written once; the stored one when there is nothing to write. */
  readonly status: WsiTrainingJobStatus;
  /** To be emitted after the status is written. */
  readonly events: readonly PlanEvent[];
  /** Reconcile again after this time even if nothing is reported; undefined: wait for a change. */
  readonly requeueAfterMilliseconds: number | undefined;
}
