/**
 * A job that Kueue's MultiKueue has run on another cluster. Here it gets its Workload, which says in which queue it stands
 * and what it needs; Kueue makes job and Workload on the other cluster, where that cluster's operator manages them, and
 * copies the status back. So nothing but the Workload is made here, and the status is not written.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Plan } from './pass.ts';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import { expiry } from './deadline-policy.ts';
import type { RunIntent } from '../job/intent.ts';
import { planGang } from '../gangs/index.ts';
import { objectActions } from './owned-objects.ts';

interface DispatchedInput {
  readonly job: WsiTrainingJob;
  /** What is meant to become of it on the other cluster. */
  readonly intent: RunIntent;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly now: number;
}

export function planDispatched(input: DispatchedInput): Plan {
  const { job, observed, now } = input;
  const status = job.status ?? {};
  const end = expiry(job);
  if (end !== undefined && end <= now) {
    return { actions: [{ kind: 'deleteJob' }], status, events: [], requeueAfterMilliseconds: undefined };
  }
  const { objects, actions, due } = planGang({ ...input, dispatched: true });
  const moments = [end, due].filter((moment) => moment !== undefined);
  return {
    actions: [...objectActions(objects, observed.objects), ...actions],
    status,
    events: [],
    requeueAfterMilliseconds: moments.length === 0 ? undefined : Math.max(0, Math.min(...moments) - now),
  };
}
