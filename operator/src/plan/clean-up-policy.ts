/** After the end: which pods go (runPolicy.cleanPodPolicy), and when the job itself does. */
import { isTrue, type WsiTrainingJob } from '@wsi/api';
import type { Action } from './actions.ts';
import { expiry } from './deadline-policy.ts';
import type { Place } from './snapshot.ts';
import { stopInOrder } from './stop-policy.ts';

export function finishedActions(job: WsiTrainingJob, places: readonly Place[], now: number): Action[] {
  const end = expiry(job);
  if (end !== undefined && end <= now) return [{ kind: 'deleteJob' }];
  const policy = job.spec.runPolicy.cleanPodPolicy;
  // `None` keeps idle servers and workers of a success for a look at them; a failed run must not go on computing.
  if (policy === 'None' && isTrue(job.status?.conditions, 'Succeeded')) return [];
  return [...stopInOrder(places, policy === 'All' ? 'all' : 'alive').actions];
}
