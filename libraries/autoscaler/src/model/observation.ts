/** What was measured, and at which size: the input of every model here. */

/** Replicas of a run. */
export interface Size {
  readonly workers: number;
  readonly servers: number;
}

/** What of a job decides its cost, besides the size; constant over a run. */
export interface Workload {
  readonly tilesPerStep: number;
  /** Leases a step: no more workers than that can compute at once. */
  readonly blocksPerStep: number;
  readonly parameterBytes: number;
  /** Pixels of a tile's side. */
  readonly patchSize: number;
  /** Tiles a shard. */
  readonly batch: number;
}

/** Phases that a worker spends on its own tiles: they divide among the workers. The others are coordination. */
export const COMPUTE_PHASES = ['open', 'read', 'decode', 'queue', 'forward', 'backward'] as const;

/** A stretch of training at one size. */
export interface Observation extends Size {
  readonly tiles: number;
  readonly steps: number;
  /** Wall clock. */
  readonly seconds: number;
  /** Seconds by phase, summed over the workers. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

/** Steps after which older windows of a size count half. */
const HALF_LIFE_STEPS = 400;

/** Whether all of its numbers can be believed: a window without steps, or with a NaN, says nothing. */
export function isUsable({ workers, servers, tiles, steps, seconds }: Observation): boolean {
  const finite = [workers, servers, tiles, steps, seconds].every(Number.isFinite);
  return finite && workers >= 1 && servers >= 1 && tiles > 0 && steps > 0 && seconds > 0;
}

/**
 * Adds a window to those kept: one entry a size, whose older steps count less and less, so that what is kept is small
 * and follows a run that changes. A window that is not usable is left out.
 */
export function withObservation(kept: readonly Observation[], window: Observation): readonly Observation[] {
  if (!isUsable(window)) return kept;
  const sameSize = ({ workers, servers }: Size): boolean =>
    workers === window.workers && servers === window.servers;
  const earlier = kept.find(sameSize);
  const others = kept.filter((observation) => !sameSize(observation));
  return [...others, earlier === undefined ? window : merged(earlier, window)];
}

function merged(earlier: Observation, window: Observation): Observation {
  const fading = 2 ** (-window.steps / HALF_LIFE_STEPS);
  const phases = new Set([...Object.keys(earlier.phaseSeconds), ...Object.keys(window.phaseSeconds)]);
  const join = (a: number | undefined, b: number | undefined): number => (a ?? 0) * fading + (b ?? 0);
  return {
    workers: window.workers,
    servers: window.servers,
    tiles: join(earlier.tiles, window.tiles),
    steps: join(earlier.steps, window.steps),
    seconds: join(earlier.seconds, window.seconds),
    phaseSeconds: Object.fromEntries(
      [...phases].map((phase) => [phase, join(earlier.phaseSeconds[phase], window.phaseSeconds[phase])]),
    ),
  };
}

/** Tiles a second of the work itself, the most recent observation of a size wins ties. */
export function observedRate(observations: readonly Observation[], size: Size): number | undefined {
  const at = observations.findLast(
    (observation) =>
      isUsable(observation) && observation.workers === size.workers && observation.servers === size.servers,
  );
  return at === undefined ? undefined : at.tiles / at.seconds;
}
