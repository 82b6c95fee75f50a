/**
 * Stopping in order: the coordinator first, alone, because it writes the checkpoint with the servers' and workers'
 * help; when its process has ended, everything else at once.
 */
import type { Action } from '../job/actions.ts';
import { holdsResources, isAlive, lostAt, type Place } from '../job/snapshot.ts';

export interface Stop {
  readonly actions: readonly Action[];
  /** True when no process of the job is left. */
  readonly finished: boolean;
}

/** @param which which pods go: `all`, also those that have ended, or only `alive` ones */
export function stopInOrder(places: readonly Place[], which: 'all' | 'alive', now: number): Stop {
  const present = places.filter((place) => place.pod !== undefined);
  const alive = present.filter(isAlive);
  const lost = removeLost(alive, now);
  const coordinator = alive.filter((place) => place.slot.role === 'coordinator');
  if (coordinator.length > 0) return { actions: [...lost, ...deletePods(coordinator)], finished: false };
  const leaving = which === 'all' ? present : present.filter(holdsResources);
  return { actions: [...lost, ...deletePods(leaving)], finished: alive.length === 0 };
}

/**
 * Pods that were to be gone long ago are removed without waiting for their nodes: a name is free for a successor only
 * then. Should such a process still live, it is cut off from the others or computes the very same bits as its successor.
 */
export function removeLost(places: readonly Place[], now: number): Action[] {
  return places.flatMap((place): Action[] => {
    const moment = lostAt(place, now);
    return moment !== undefined && moment <= now ? [{ ...deletePod(place), force: true }] : [];
  });
}

/** Pods that are leaving already are not asked twice. */
export function deletePods(places: readonly Place[]): Action[] {
  return places.flatMap((place) => (place.state === 'leaving' ? [] : [deletePod(place)]));
}

function deletePod(place: Place): Extract<Action, { kind: 'deletePod' }> {
  const uid = place.pod?.metadata?.uid;
  return { kind: 'deletePod', name: place.name, ...(uid === undefined ? {} : { uid }) };
}
