/**
 * The newest version of the run that the coordinator holds in memory, with all that is needed to go on from it: when a
 * parameter server is lost, all servers are restored from here, and not from the last checkpoint. It is taken between two
 * commits, while the next step is computed, as often as that costs at most {@link share} of the time. When it is taken
 * decides what a lost server costs, never the numbers.
 */
import type { Clock, Logger } from '@wsi-operator/foundation';
import type { VersionState } from './parameter-server.ts';

/** Of the time, at most this much goes into taking recovery points. */
const share = 0.04;

export interface RecoveryPoint extends VersionState {
  /** Of the run that it belongs to. */
  readonly identity: string;
  readonly tiles: number;
  readonly trainingSeconds: number;
}

export class RecoveryPoints {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #newest: RecoveryPoint | undefined;
  #taking: Promise<void> | undefined;
  /** Milliseconds that the last one took, and when it was there. */
  #cost = 0;
  #taken = -Infinity;

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get newest(): RecoveryPoint | undefined {
    return this.#newest;
  }

  /** A state that is there anyway: of a checkpoint, or what the run starts from. */
  hold(point: RecoveryPoint): void {
    this.#newest = point;
  }

  /** A version was committed: takes a point, in the background, when it is time for one. */
  offer(take: () => Promise<RecoveryPoint>): void {
    const due = this.#clock.monotonic() - this.#taken >= this.#cost / share;
    if (due) void this.take(take);
  }

  /** Takes a point now. What fails leaves the one before. */
  take(take: () => Promise<RecoveryPoint>): Promise<void> {
    this.#taking ??= this.#take(take).finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  async #take(take: () => Promise<RecoveryPoint>): Promise<void> {
    const start = this.#clock.monotonic();
    try {
      this.hold(await take());
    } catch (reason) {
      this.#logger.debug({ reason: String(reason) }, 'no recovery point: the one before stands');
    }
    this.#taken = this.#clock.monotonic();
    this.#cost = this.#taken - start;
  }
}
