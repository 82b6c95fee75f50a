/**
 * Which empty places may be filled now: coordinator and servers at once, workers when all of those have started. A
 * worker holds the expensive device; it is not made to wait for a server that cannot be scheduled.
 */
import type { Place } from './snapshot.ts';

export function mayStart(place: Place, places: readonly Place[]): boolean {
  if (place.slot.role !== 'worker') return true;
  return places.every((other) => other.slot.role === 'worker' || other.state === 'running');
}
