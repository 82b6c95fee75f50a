/**
 * For how long pods have been seen as they are (leaving, without a node, ready, ...), by this process' own steady clock.
 * Times in a pod are of other clocks: the API server's, the scheduler's, its node's. Compared with the clock of an operator
 * that is ahead, a live pod would count as lost at once, and one that was made a second ago as one that never finds a node;
 * with one that is behind, neither would ever. In memory only: an operator that is started again waits again.
 */
import type { Clock } from '@wsi-operator/foundation';
import type { V1Pod } from '../kubernetes-types.ts';
import { seenAs, type SeenAs } from '../job/snapshot.ts';

interface Seen {
  readonly as: SeenAs;
  /** Monotonic milliseconds. */
  readonly since: number;
  /** The same, when it was first seen to be gone: what is gone gets no older, however late its end is recorded. */
  readonly until?: number;
}

export class PodTimes {
  readonly #clock: Clock;
  /** By job, and by the pod's uid. */
  readonly #seen = new Map<string, ReadonlyMap<string, Seen>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Milliseconds by uid, since each pod was first seen as it is now.
   * @param pods all of the job
   * @param gone the last that was seen of those that are gone: until they were first seen to be
   */
  list(owner: string, pods: readonly V1Pod[], gone: readonly V1Pod[] = []): ReadonlyMap<string, number> {
    const now = this.#clock.monotonic();
    const before = this.#seen.get(owner);
    const timed = (pod: V1Pod): [string, Seen] => {
      const uid = pod.metadata?.uid ?? '';
      const as = seenAs(pod);
      const known = before?.get(uid);
      return [uid, { as, since: known?.as === as ? known.since : now }];
    };
    const seen = new Map([
      ...gone
        .map(timed)
        .map(([uid, last]): [string, Seen] => [uid, { ...last, until: before?.get(uid)?.until ?? now }]),
      ...pods.map(timed),
    ]);
    if (seen.size === 0) this.#seen.delete(owner);
    else this.#seen.set(owner, seen);
    return new Map([...seen].map(([uid, { since, until = now }]) => [uid, until - since]));
  }

  forget(owner: string): void {
    this.#seen.delete(owner);
  }
}
