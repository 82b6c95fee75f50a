/**
 * Which empty slots may be filled now.
 *
 * Without a gang: coordinator and servers at once, workers when all of those have started. A worker holds the expensive
 * device; it is not made to wait for a server that cannot be scheduled.
 *
 * With a gang: its minimum (see gangs/gang.ts) at once, because members that waited for each other would never be
 * scheduled, and the other workers when the minimum has nodes. Schedulers count the members of a gang without asking for
 * their roles: a worker too many would take the place of a server, and the gang would hold its devices, or wait, for ever.
 * (Volcano 1.14 does ask, but only after it has chosen as many pods as the minimum has, in an order that it never changes.)
 */
import type { ObservedSlot } from '../job/snapshot.ts';

/**
 * @param due empty slots that no delay after an end keeps empty
 * @param slots all slots of the job
 * @param together the job is a gang
 */
export function startable(
  due: readonly ObservedSlot[],
  slots: readonly ObservedSlot[],
  together: boolean,
): ObservedSlot[] {
  if (!together) {
    const started = slots.every((other) => other.role === 'worker' || other.state === 'running');
    return due.filter(({ role }) => role !== 'worker' || started);
  }
  if (hasMinimum(slots)) return [...due];
  const workers = slots.filter(({ role }) => role === 'worker');
  // One that waits for a node, or has one, is the minimum's.
  const isEnough = workers.some((slot) => hasNode(slot) || slot.state === 'pending');
  const first = isEnough ? undefined : due.find(({ role }) => role === 'worker');
  return due.filter((slot) => slot.role !== 'worker' || slot === first);
}

/**
 * Workers of a gang that wait for a node beside a minimum that has none: they could be given the room that the minimum
 * needs. They come back when the minimum has its nodes.
 */
export function inTheWay(slots: readonly ObservedSlot[]): ObservedSlot[] {
  if (hasMinimum(slots)) return [];
  const workers = slots.filter(({ role }) => role === 'worker');
  const waiting = workers.filter((slot) => slot.state === 'pending' && !hasNode(slot));
  return workers.some(hasNode) ? waiting : waiting.slice(1);
}

/** Coordinator, all servers and a worker have nodes. */
function hasMinimum(slots: readonly ObservedSlot[]): boolean {
  return (
    slots.every((slot) => slot.role === 'worker' || hasNode(slot)) &&
    slots.some((slot) => slot.role === 'worker' && hasNode(slot))
  );
}

function hasNode({ state, pod }: ObservedSlot): boolean {
  return state === 'running' || (state === 'pending' && (pod?.spec?.nodeName ?? '') !== '');
}
