/**
 * Stopping in order: the coordinator first, alone, because it writes the checkpoint with the servers' and workers'
 * help; when its process has ended, everything else at once.
 */
import type { Action } from './actions.ts';
import { isAlive, type Place } from './snapshot.ts';

export interface Stop {
  readonly actions: readonly Action[];
  /** True when no process of the job is left. */
  readonly finished: boolean;
}

/** @param which which pods go: `all`, also those that have ended, or only `alive` ones */
export function stopInOrder(places: readonly Place[], which: 'all' | 'alive'): Stop {
  const present = places.filter((place) => place.pod !== undefined);
  const alive = present.filter(isAlive);
  const coordinator = alive.filter((place) => place.slot.role === 'coordinator');
  if (coordinator.length > 0) return { actions: deletePods(coordinator), finished: false };
  return { actions: deletePods(which === 'all' ? present : alive), finished: alive.length === 0 };
}

/** Pods that are leaving already are not asked twice. */
export function deletePods(places: readonly Place[]): Action[] {
  return places.flatMap((place) => (place.state === 'leaving' ? [] : [deletePod(place)]));
}

function deletePod(place: Place): Action {
  const uid = place.pod?.metadata?.uid;
  return { kind: 'deletePod', name: place.name, ...(uid === undefined ? {} : { uid }) };
}
