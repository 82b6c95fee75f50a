/** What the kubelet is answered. */
import type { Answer } from './http-endpoint.ts';

/**
 * A loop that makes no headway for so long is stuck: a pass makes a handful of requests, each of which ends after a
 * minute at most.
 */
export const STUCK_MILLISECONDS = 600_000;

/** Alive unless the loop is stuck; then a restart is what helps. An API server that is down is no reason for one. */
export function health(stuckMilliseconds: number): Answer {
  if (stuckMilliseconds < STUCK_MILLISECONDS) return { status: 200, body: 'ok\n' };
  return { status: 503, body: `no pass has finished for ${Math.round(stuckMilliseconds / 1000)} s\n` };
}

/** Ready when every cache has been filled: a follower is ready, too, because it could take over at once. */
export function readiness(
  caches: readonly { readonly hasSynced: boolean; readonly resource: { readonly plural: string } }[],
): Answer {
  const missing = caches.filter(({ hasSynced }) => !hasSynced).map(({ resource }) => resource.plural);
  if (missing.length === 0) return { status: 200, body: 'ok\n' };
  return { status: 503, body: `not listed yet: ${missing.join(', ')}\n` };
}
