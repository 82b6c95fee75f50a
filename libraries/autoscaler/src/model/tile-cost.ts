/**
 * Seconds of one tile on one worker, split by phases, as a function of the patch size s (pixels of a side) and the
 * batch b (tiles a shard):
 *
 *   t(s, b) = (κ_read + κ_decode + κ_forward + κ_backward) s² + κ_tile + κ_batch / b,    κ >= 0
 *
 * Pixels are read, decoded and convolved; a tile has a cost of its own (a request, a lookup); a call of the engine has
 * one that its b tiles share. Fitted, phase by phase, to runs of several patch sizes and batches of one encoder on one
 * device; a single run is explained by pixels alone.
 */
import { nonNegativeLeastSquares } from './least-squares.ts';
import { COMPUTE_PHASES } from './observation.ts';

export interface TileCostSample {
  readonly patchSize: number;
  readonly batch: number;
  readonly tiles: number;
  /** Seconds by phase, summed over the workers. */
  readonly phaseSeconds: Readonly<Record<string, number>>;
}

/** Seconds by phase: a pixel, a tile, a call. */
export interface PhaseCost {
  readonly perPixel: number;
  readonly perTile: number;
  readonly perBatch: number;
}

export type TileCost = Readonly<Partial<Record<string, PhaseCost>>>;

/** No phase of a tile takes less: what claims to is no measurement, and its inverse no number. */
const LEAST_SECONDS = 1e-12;

export function fitTileCost(samples: readonly TileCostSample[]): TileCost {
  const usable = samples.filter(
    ({ patchSize, batch, tiles }) =>
      patchSize >= 1 && batch >= 1 && tiles > 0 && [patchSize, batch, tiles].every(Number.isFinite),
  );
  const phases = COMPUTE_PHASES.filter((phase) => usable.some((sample) => secondsATile(sample, phase) > 0));
  return Object.fromEntries(phases.map((phase) => [phase, fitPhase(usable, phase)]));
}

/** Seconds of a tile; of one phase, or of all of them in turn. */
export function tileSeconds(cost: TileCost, patchSize: number, batch: number, phase?: string): number {
  const of = phase === undefined ? Object.values(cost) : [cost[phase]];
  return of.reduce(
    (sum, one) =>
      one === undefined ? sum : sum + one.perPixel * patchSize ** 2 + one.perTile + one.perBatch / batch,
    0,
  );
}

function fitPhase(samples: readonly TileCostSample[], phase: string): PhaseCost {
  const seen = samples
    .map((sample) => ({ ...sample, seconds: secondsATile(sample, phase) }))
    .filter(({ seconds }) => seconds > 0);
  // Each constant is an unknown of its own only when something varied that separates it from the others.
  const sizes = new Set(seen.map(({ patchSize }) => patchSize)).size;
  const batches = new Set(seen.map(({ batch }) => batch)).size;
  const rows = seen.map(({ patchSize, batch, seconds }) => [
    patchSize ** 2 / seconds,
    sizes > 1 ? 1 / seconds : 0,
    batches > 1 ? 1 / batch / seconds : 0,
  ]);
  const { solution } = nonNegativeLeastSquares(
    rows,
    rows.map(() => 1),
  );
  return { perPixel: solution[0]!, perTile: solution[1]!, perBatch: solution[2]! };
}

function secondsATile({ tiles, phaseSeconds }: TileCostSample, phase: string): number {
  const seconds = (phaseSeconds[phase] ?? 0) / tiles;
  return Number.isFinite(seconds) && seconds >= LEAST_SECONDS ? seconds : 0;
}
