/**
 * Which empty places may be filled now: coordinator and servers at once, workers when all of those have started. A
 * worker holds the expensive device; it is not made to wait for a server that cannot be scheduled.
 */
import type { Place } from './snapshot.ts';

/** @param together pods of a gang are created at once: its members would wait for each other for ever */
export function mayStart(place: Place, places: readonly Place[], together: boolean): boolean {
  if (together || place.slot.role !== 'worker') return true;
  return places.every((other) => other.slot.role === 'worker' || other.state === 'running');
}
