/**
 * Seconds a step over jobs of one encoder on one kind of machine, whatever their patch size, batch and number of
 * processes: the step of `throughput.ts`, whose time of a tile is that of `tile-cost.ts`,
 *
 *   T = θ0 + (κ_pixel s² + κ_tile + κ_batch / b) N(w) + θ2 P w / p + θ3 w + θ4 p,    all >= 0
 *
 * for s pixels a side and b tiles a shard. One fit over all of them, by non-negative least squares on relative errors:
 * what runs of some shapes measured says of shapes that nobody has run. Within a run, or from one of the same shape,
 * `throughput.ts` is nearer to what happens.
 */
import { nonNegativeLeastSquares } from './least-squares.ts';
import { isUsable, type Observation, type Size, type Workload } from './observation.ts';
import { longestShare } from './throughput.ts';

export interface ShapeObservation extends Observation {
  readonly workload: Workload;
}

export interface ShapesModel {
  /** θ0, κ_pixel, κ_tile, κ_batch, θ2, θ3, θ4. */
  readonly coefficients: readonly number[];
  /** c of `throughput.ts`: how many workers compute without slowing each other; null: as many as were seen. */
  readonly parallelism: number | null;
}

/** A limit of parallelism must lower the squared relative errors by so much to be believed. */
const EVIDENCE = 0.5;

/** @returns undefined without an observation that can be used */
export function fitShapes(observations: readonly ShapeObservation[]): ShapesModel | undefined {
  const usable = observations.filter(isUsable);
  if (usable.length === 0) return undefined;
  const most = Math.max(...usable.map(({ workers }) => workers));
  const free = fitWith(usable, null);
  // A worker is more than one processor's work, as it reads and decodes beside computing: c need not be whole.
  const limits = Array.from({ length: (most - 1) * 4 }, (_, index) => 1 + index / 4);
  const best = limits
    .map((limit) => fitWith(usable, limit))
    .reduce((a, b) => (b.misfit < a.misfit ? b : a), free);
  return best.misfit < free.misfit * (1 - EVIDENCE) ? best.model : free.model;
}

/** @throws RangeError for a size without workers or servers */
export function predictShape(
  model: ShapesModel,
  workload: Workload,
  size: Size,
): { readonly stepSeconds: number; readonly tilesPerSecond: number } {
  if (!(size.workers >= 1 && size.servers >= 1))
    throw new RangeError(`no run has ${size.workers} workers, ${size.servers} servers`);
  const row = features(workload, size, model.parallelism);
  const stepSeconds = row.reduce((sum, x, i) => sum + x * model.coefficients[i]!, 0);
  return { stepSeconds, tilesPerSecond: workload.tilesPerStep / Math.max(stepSeconds, Number.MIN_VALUE) };
}

function fitWith(
  observations: readonly ShapeObservation[],
  parallelism: number | null,
): { readonly model: ShapesModel; readonly misfit: number } {
  const rows = observations.map((observation) => {
    // Steps differ in their tiles: of the usual step.
    const stepSeconds = (observation.seconds / observation.tiles) * observation.workload.tilesPerStep;
    return features(observation.workload, observation, parallelism).map((x) => x / stepSeconds);
  });
  const { solution } = nonNegativeLeastSquares(
    rows,
    rows.map(() => 1),
  );
  const misfit = rows.reduce(
    (sum, row) => sum + (row.reduce((total, x, i) => total + x * solution[i]!, 0) - 1) ** 2,
    0,
  );
  return { model: { coefficients: solution, parallelism }, misfit };
}

function features(workload: Workload, { workers, servers }: Size, parallelism: number | null): number[] {
  const { patchSize, batch, parameterBytes } = workload;
  const tiles = longestShare(workload, workers, parallelism);
  return [
    1,
    tiles * patchSize ** 2,
    tiles,
    tiles / batch,
    (parameterBytes * workers) / servers,
    workers,
    servers,
  ];
}
