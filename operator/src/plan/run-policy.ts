/** A job that should run: fill empty places, replace what has ended, remove what is too much. */
import type { WsiTrainingJob } from '@wsi/api';
import type { ClusterSettings } from '../cluster/port.ts';
import type { Action, PlanEvent } from './actions.ts';
import { earliestStart, isCounted, type Failures } from './failure-policy.ts';
import { buildPod } from './pods.ts';
import type { Place, Snapshot } from './snapshot.ts';
import { mayStart } from './startup-policy.ts';
import { deletePods } from './stop-policy.ts';

export interface Run {
  readonly actions: readonly Action[];
  readonly events: readonly PlanEvent[];
  /** When the next place may be filled (milliseconds since the epoch), if one is waiting. */
  readonly nextStart: number | undefined;
}

export function runJob(
  job: WsiTrainingJob,
  snapshot: Snapshot,
  failures: Failures,
  now: number,
  settings: ClusterSettings,
): Run {
  const actions: Action[] = [];
  const events: PlanEvent[] = [];
  const waits: number[] = [];
  // Only a pod whose end the stored status already holds may be removed.
  const stored = new Map((job.status?.failures ?? []).map((record) => [record.pod, record]));
  const records = new Map(failures.records.map((record) => [record.pod, record]));
  for (const place of snapshot.places) {
    if (place.state !== 'absent' && place.state !== 'ended') continue;
    const start = earliestStart(records.get(place.name));
    if (start > now) {
      waits.push(start);
    } else if (place.state === 'ended') {
      if (place.pod !== undefined && isCounted(stored.get(place.name), place.pod)) {
        actions.push(...deletePods([place]));
      }
    } else if (mayStart(place, snapshot.places)) {
      actions.push({ kind: 'createPod', object: buildPod(job, place.slot, settings) });
      events.push({
        type: 'Normal',
        reason: 'PodCreated',
        message: `created ${place.name}`,
        pod: place.name,
      });
    }
  }
  const surplus = removeSurplus(snapshot.surplus);
  actions.push(...surplus.actions);
  events.push(...surplus.events);
  return { actions, events, nextStart: waits.length === 0 ? undefined : Math.min(...waits) };
}

/** Scaling in: the highest numbers leave. Their unfinished tasks are leased to others. */
function removeSurplus(surplus: readonly Place[]): Pick<Run, 'actions' | 'events'> {
  const leaving = surplus
    .filter((place) => place.state !== 'leaving')
    .sort((a, b) => b.slot.index - a.slot.index);
  const events = leaving.map((place): PlanEvent => ({
    type: 'Normal',
    reason: 'PodRemoved',
    message: `removed ${place.name}: the job asks for fewer replicas`,
    pod: place.name,
  }));
  return { actions: deletePods(leaving), events };
}
