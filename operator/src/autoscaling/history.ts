/** What `decide()` needs to be given again, as it is kept in the status, and which pods are to be replaced. */
import type { AutoscalingStatus } from '@wsi-operator/api';
import type { Decision, History } from '@wsi-operator/autoscaler';
import type { ObservedSlot, Snapshot } from '../job/snapshot.ts';
import { iso, moment } from './record.ts';

export interface Leaving {
  readonly pod: string;
  readonly uid: string;
}

const KEPT = 64;
const REMEMBERED_MILLISECONDS = 60 * 60_000;
/** A pod that is there for so long after it was to go is not what was meant any more. */
const ACTED_ON_MILLISECONDS = 10 * 60_000;

export function historyOf({ recommendations = [], replaced = [] }: AutoscalingStatus): History {
  return {
    recommendations: recommendations.map(({ time, workers }) => ({ at: moment(time), workers })),
    replaced: replaced.map(({ pod, time }) => ({ id: pod, at: moment(time) })),
  };
}

/** Of more recommendations than are kept the oldest go: a window that is longer than that holds a job for less long. */
export function keptHistory(
  { replaced = [] }: AutoscalingStatus,
  { history }: Decision,
  leaving: readonly Leaving[],
  now: number,
): Pick<AutoscalingStatus, 'recommendations' | 'replaced'> {
  const recent = replaced.filter(({ time }) => now - moment(time) < REMEMBERED_MILLISECONDS);
  return {
    recommendations: history.recommendations
      .slice(-KEPT)
      .map(({ at, workers }) => ({ time: iso(at), workers })),
    replaced: [...recent, ...leaving.map((one) => ({ ...one, time: iso(now) }))].slice(-KEPT),
  };
}

/** Where the very pods are that were to go; their slots are filled again as after any end. */
export function replacedPlaces(
  autoscaling: AutoscalingStatus | undefined,
  { slots }: Snapshot,
  now: number,
): ObservedSlot[] {
  const meant = (autoscaling?.replaced ?? []).filter(({ time }) => {
    const age = now - moment(time);
    return age >= 0 && age < ACTED_ON_MILLISECONDS;
  });
  return slots.filter(
    ({ name, state, pod }: ObservedSlot) =>
      (state === 'running' || state === 'pending') &&
      meant.some((one) => one.pod === name && one.uid === pod?.metadata?.uid),
  );
}
