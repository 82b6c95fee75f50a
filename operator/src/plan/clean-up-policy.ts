/** After the end: which pods go (runPolicy.cleanPodPolicy), what else goes, and when the job itself does. */
import { isTrue, type WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { Action } from '../job/actions.ts';
import { expiry } from './deadline-policy.ts';
import { endActions, withoutBudget } from './owned-objects.ts';
import { holdsResources, type ObservedSlot } from '../job/snapshot.ts';
import { stopInOrder } from './stop-policy.ts';

export interface FinishedInput {
  readonly job: WsiTrainingJob;
  readonly observed: Observed;
  readonly settings: ClusterSettings;
  readonly now: number;
}

export function finishedActions(input: FinishedInput, slots: readonly ObservedSlot[]): Action[] {
  const { job, observed, settings, now } = input;
  const end = expiry(job);
  if (end !== undefined && end <= now) return [{ kind: 'deleteJob' }];
  const policy = job.spec.runPolicy.cleanPodPolicy;
  // `None` keeps idle servers and workers of a success for people who want to see them; a failed run must not go on computing.
  const kept = policy === 'None' && isTrue(job.status?.conditions, 'Succeeded');
  const pods = kept ? [] : stopInOrder(slots, policy === 'All' ? 'all' : 'alive', now).actions;
  // What pods that still run need stays with them.
  const others = slots.some(holdsResources)
    ? withoutBudget(job, observed)
    : endActions(job, observed, settings);
  return [...pods, ...others];
}
