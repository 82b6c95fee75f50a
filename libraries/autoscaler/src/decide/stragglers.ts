/** Workers that are slower than the others for long enough to be worth a restart somewhere else. */
import type { AutoscalingSpec } from './spec.ts';

export interface WorkerRate {
  readonly id: string;
  /** Tiles a second while it computes. */
  readonly tilesPerSecond: number;
  /** Over how long. */
  readonly seconds: number;
}

export interface Replacement {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A worker that has just started reads its first tiles and loads its engine. */
const LEAST_SECONDS = 30;
/** Among fewer, nobody knows which is the slow one. */
const LEAST_WORKERS = 3;
/** The same place is not tried again for as long: then it is not the machine that is slow. */
const REPEAT_MILLISECONDS = 30 * 60_000;

export function findStragglers(
  rates: readonly WorkerRate[],
  settings: AutoscalingSpec['stragglers'],
  replaced: readonly Replacement[],
  now: number,
): readonly { readonly id: string; readonly slowdown: number }[] {
  const known = rates.filter(
    ({ tilesPerSecond, seconds }) =>
      Number.isFinite(tilesPerSecond) && tilesPerSecond >= 0 && seconds >= LEAST_SECONDS,
  );
  if (!settings.replace || known.length < LEAST_WORKERS) return [];
  const sorted = known.map(({ tilesPerSecond }) => tilesPerSecond).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const recent = new Set(replaced.filter(({ at }) => now - at < REPEAT_MILLISECONDS).map(({ id }) => id));
  const slow = known
    .filter(({ id, tilesPerSecond }) => tilesPerSecond * settings.slowdown < median && !recent.has(id))
    .map(({ id, tilesPerSecond }) => ({ id, slowdown: median / Math.max(tilesPerSecond, median / 1000) }))
    .sort((a, b) => b.slowdown - a.slowdown || (a.id < b.id ? -1 : 1));
  // A quarter at a time: the others go on meanwhile.
  return slow.slice(0, Math.max(1, Math.floor(known.length / 4)));
}
