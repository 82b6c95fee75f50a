/**
 * Stopping in order: the coordinator first, alone, because it writes the checkpoint with the servers' and workers'
 * help; when its process has ended, everything else at once.
 */
import type { Action } from '../job/actions.ts';
import { holdsResources, isAlive, lostAt, type ObservedSlot } from '../job/snapshot.ts';

export interface Stop {
  readonly actions: readonly Action[];
  /** True when no process of the job is left. */
  readonly finished: boolean;
}

/** @param which which pods go: `all`, also those that have ended, or only `alive` ones */
export function stopInOrder(slots: readonly ObservedSlot[], which: 'all' | 'alive', now: number): Stop {
  const present = slots.filter((slot) => slot.pod !== undefined);
  const alive = present.filter(isAlive);
  const lost = removeLost(alive, now);
  const coordinator = alive.filter((slot) => slot.role === 'coordinator');
  if (coordinator.length > 0) return { actions: [...lost, ...deletePods(coordinator)], finished: false };
  const leaving = which === 'all' ? present : present.filter(holdsResources);
  return { actions: [...lost, ...deletePods(leaving)], finished: alive.length === 0 };
}

/**
 * Pods that were to be gone long ago are removed without waiting for their nodes: a name is free for a successor only
 * then. Should such a process still live, it is cut off from the others or computes the very same bits as its successor.
 */
export function removeLost(slots: readonly ObservedSlot[], now: number): Action[] {
  return slots.flatMap((slot): Action[] => {
    const moment = lostAt(slot, now);
    return moment !== undefined && moment <= now ? [{ ...deletePod(slot), force: true }] : [];
  });
}

/** Pods that are leaving already are not asked twice. */
export function deletePods(slots: readonly ObservedSlot[]): Action[] {
  return slots.flatMap((slot) => (slot.state === 'leaving' ? [] : [deletePod(slot)]));
}

function deletePod(slot: ObservedSlot): Extract<Action, { kind: 'deletePod' }> {
  const uid = slot.pod?.metadata?.uid;
  return { kind: 'deletePod', name: slot.name, ...(uid === undefined ? {} : { uid }) };
}
