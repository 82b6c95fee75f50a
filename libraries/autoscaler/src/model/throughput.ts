/**
 * Seconds a step, as a function of workers and servers:
 *
 *   T(w, p) = θ0 + θ1 N(w) + θ2 P w / p + θ3 w + θ4 p,    θ >= 0
 *
 *   θ0  what a step takes whatever the size: loss, barrier, the optimizer
 *   θ1  a tile, on one worker; N(w) is the longest share of the step's tiles that one worker gets, see `longestShare`
 *   θ2  a byte of the parameters through one server, P bytes in all, asked for by every worker
 *   θ3  a worker more to hand out to and to wait for
 *   θ4  a server more to commit on
 *
 * This is the form of Optimus (Peng et al., EuroSys 2018, eq. 3: synchronous training with parameter servers), with two
 * things added. Tiles are leased in whole blocks, so gains come in steps and end at the number of blocks. And workers
 * may share processors: beyond c of them they only slow each other, N(w) >= N / c. c is found by fitting with each
 * candidate. The fit is by non-negative least squares on relative errors.
 *
 * With one size observed, T has more unknowns than equations. What then decides is the prior: an earlier job's model of
 * the same shape, or the phases of this one, which say how much of a step was computing on tiles.
 */
import { nonNegativeLeastSquares } from './least-squares.ts';
import { COMPUTE_PHASES, isUsable, type Observation, type Size, type Workload } from './observation.ts';

export interface ThroughputModel {
  readonly workload: Workload;
  /** θ0 to θ4; see above. */
  readonly coefficients: readonly number[];
  /** c: how many workers compute without slowing each other; null: as many as were seen. */
  readonly parallelism: number | null;
  /** Covariance of the coefficients. */
  readonly covariance: readonly (readonly number[])[];
  /** Standard deviation of a step's time, relative. */
  readonly noise: number;
  /** Sizes that it was fitted to; none for a model that is an earlier job's. */
  readonly observed: readonly Size[];
  /** It began with another run's model, so that sizes that were not observed are more than a guess. */
  readonly warm: boolean;
}

export interface Prediction {
  readonly stepSeconds: number;
  readonly tilesPerSecond: number;
  /** 90% interval of tilesPerSecond. */
  readonly low: number;
  readonly high: number;
}

/** Two-sided 90% of the normal distribution. */
const QUANTILE = 1.645;
/** Windows of the same size differ by about so much on an idle machine; a better fit than that is luck. */
const LEAST_NOISE = 0.02;
/** Relative standard deviation that a prior is trusted with: from phases, from a run of another shape, of the same. */
const PRIOR_DEVIATION = 0.3;
const OTHER_SHAPE_DEVIATION = 0.3;
const WARM_START_DEVIATION = 0.1;
/** Another c must explain the data so much better: it is one more unknown (chi-squared of one degree, 1%). */
const PARALLELISM_EVIDENCE = 6.6;
/** Something of a step is always coordination, however well reading and computing overlap. */
const MOST_COMPUTING = 0.98;
/** Standard deviations from which on a prior is doubted. */
const DOUBT = 3;
/** A step's fixed part (loss, barrier, commit) is guessed to be as long as handing out to so many workers. */
const FIXED_PER_WORKER = 10;
/** Candidates of c that are tried. */
const MOST_CANDIDATES = 16;
/** Steps beyond which a size's mean gets no more exact: what is left is not independent noise. */
const SATURATING_STEPS = 50;

/**
 * @param earlier the model of an earlier run (warm start). Of the same patch size and batch it is trusted more; of
 *   another one the time of a tile is scaled by its pixels.
 * @returns undefined when there is neither an observation nor an earlier model
 */
export function fitThroughput(
  workload: Workload,
  observations: readonly Observation[],
  earlier?: ThroughputModel,
): ThroughputModel | undefined {
  const usable = observations.filter(isUsable);
  const prior = earlier === undefined ? priorFromPhases(workload, usable) : rescaled(earlier, workload);
  if (prior === undefined) return undefined;
  const candidates = [prior.parallelism, null, ...parallelismCandidates(usable)];
  const fits = [...new Set(candidates)].map((parallelism) =>
    fitDoubting(workload, usable, { ...prior, parallelism }),
  );
  const simplest = fits[0]!;
  const best = fits.reduce((a, b) => (b.objective < a.objective ? b : a));
  return simplest.objective - best.objective > PARALLELISM_EVIDENCE ? best.model : simplest.model;
}

/** @throws RangeError for a size without workers or servers */
export function predictThroughput(model: ThroughputModel, size: Size): Prediction {
  const row = features(model.workload, size, model.parallelism);
  const stepSeconds = Math.max(dot(row, model.coefficients), Number.MIN_VALUE);
  const spread = row.map((_, i) => dot(model.covariance[i]!, row));
  const deviation = Math.sqrt(Math.max(0, dot(row, spread)) + (model.noise * stepSeconds) ** 2);
  const { tilesPerStep } = model.workload;
  return {
    stepSeconds,
    tilesPerSecond: tilesPerStep / stepSeconds,
    low: tilesPerStep / (stepSeconds + QUANTILE * deviation),
    // A step takes some time however uncertain it is.
    high: tilesPerStep / Math.max(stepSeconds - QUANTILE * deviation, stepSeconds / 10),
  };
}

/** Predicted tiles a second at 1, 2, ... `most` workers; element 0 is for 0 workers. */
export function throughputTable(model: ThroughputModel, most: number, servers: number): Float64Array {
  const table = new Float64Array(most + 1);
  for (let workers = 1; workers <= most; workers += 1) {
    const seconds = dot(
      features(model.workload, { workers, servers }, model.parallelism),
      model.coefficients,
    );
    table[workers] = model.workload.tilesPerStep / Math.max(seconds, Number.MIN_VALUE);
  }
  return table;
}

/** Seconds of a predicted step by what they go to, longest first. */
export function stepParts(
  model: ThroughputModel,
  size: Size,
): { readonly part: StepPart; seconds: number }[] {
  const row = features(model.workload, size, model.parallelism);
  return STEP_PARTS.map((part, i) => ({ part, seconds: row[i]! * model.coefficients[i]! })).sort(
    (a, b) => b.seconds - a.seconds,
  );
}

export const STEP_PARTS = ['fixed', 'tiles', 'parameters', 'workers', 'servers'] as const;
export type StepPart = (typeof STEP_PARTS)[number];

/** Tiles that the busiest worker of a step gets: whole blocks, and not faster than the processors there are. */
export function longestShare(workload: Workload, workers: number, parallelism: number | null): number {
  const { tilesPerStep, blocksPerStep } = workload;
  const waves = Math.ceil(blocksPerStep / workers) * (tilesPerStep / blocksPerStep);
  return parallelism === null ? waves : Math.max(waves, tilesPerStep / parallelism);
}

function features(workload: Workload, { workers, servers }: Size, parallelism: number | null): number[] {
  if (!(workers >= 1 && servers >= 1))
    throw new RangeError(`no run has ${workers} workers, ${servers} servers`);
  return [
    1,
    longestShare(workload, workers, parallelism),
    (workload.parameterBytes * workers) / servers,
    workers,
    servers,
  ];
}

interface Prior {
  readonly coefficients: readonly number[];
  readonly parallelism: number | null;
  readonly deviation: number;
  /** It comes from no other run. */
  readonly guessed: boolean;
}

interface Fit {
  readonly model: ThroughputModel;
  readonly objective: number;
  /** How far the coefficients are from the prior, in its standard deviations. */
  readonly surprise: number;
}

/** A prior that the measurements contradict is trusted less, instead of bending the other coefficients to it. */
function fitDoubting(workload: Workload, observations: readonly Observation[], prior: Prior): Fit {
  const fit = fitWith(workload, observations, prior);
  if (fit.surprise <= DOUBT) return fit;
  const doubted = fitWith(workload, observations, { ...prior, deviation: prior.deviation * fit.surprise });
  // Sizes of c are compared by what the prior was worth in the first place.
  return { ...doubted, objective: fit.objective };
}

function fitWith(workload: Workload, observations: readonly Observation[], prior: Prior): Fit {
  const { parallelism } = prior;
  const sizes = bySize(observations);
  const data = sizes.map(({ size, stepSeconds, steps }) => {
    // Relative errors; a size seen in many steps counts more, but not without bound: noise is not independent.
    const trust = Math.sqrt(Math.min(steps, SATURATING_STEPS) / SATURATING_STEPS);
    const weight = trust / (LEAST_NOISE * stepSeconds);
    return {
      row: features(workload, size, parallelism).map((x) => x * weight),
      target: stepSeconds * weight,
    };
  });
  const small = smallCoefficients(workload, prior);
  const priorRows = prior.coefficients.map((value, i) => {
    // The phases show how much of a step is coordination, but not how that grows with the workers.
    const vague = prior.guessed && i !== 1 ? 1 : prior.deviation;
    const weight = 1 / (vague * Math.max(value, small[i]!));
    return { row: prior.coefficients.map((_, j) => (i === j ? weight : 0)), target: value * weight };
  });
  const all = [...data, ...priorRows];
  const { solution, inverse, residual } = nonNegativeLeastSquares(
    all.map(({ row }) => row),
    all.map(({ target }) => target),
  );
  // Rows are in units of the least noise: more than one a row says that the noise, or the model's error, is larger.
  const misfit = data.reduce((sum, { row, target }) => sum + (dot(row, solution) - target) ** 2, 0);
  const excess = Math.max(1, misfit / Math.max(1, data.length));
  const model: ThroughputModel = {
    workload,
    coefficients: solution,
    parallelism,
    covariance: inverse.map((line) => line.map((value) => value * excess)),
    noise: LEAST_NOISE * Math.sqrt(excess),
    observed: sizes.map(({ size }) => size),
    warm: !prior.guessed,
  };
  const surprise = Math.sqrt(
    priorRows.reduce((worst, { row, target }) => Math.max(worst, (dot(row, solution) - target) ** 2), 0),
  );
  // The prior's rows count: a c that needs coefficients that nobody believes in explains nothing.
  return { model, objective: residual, surprise };
}

/** What "small" means when a prior says zero: the coefficient that would be a tenth of a step at one worker and server. */
function smallCoefficients(workload: Workload, prior: Prior): number[] {
  const row = features(workload, { workers: 1, servers: 1 }, prior.parallelism);
  const step = Math.max(dot(row, prior.coefficients), 1e-9);
  // Beside the tiles nothing is known to be as large as that, and what grows with the workers least of all.
  const share = [0.1, 0.1, 0.02, 0.02, 0.02];
  return row.map((x, i) => (share[i]! * step) / Math.max(x, 1e-12));
}

interface SizeTime {
  readonly size: Size;
  readonly stepSeconds: number;
  readonly steps: number;
}

/** Windows of one size are one observation: their seconds a tile, for a step of the usual number of tiles. */
function bySize(observations: readonly Observation[]): SizeTime[] {
  const groups = new Map<string, { size: Size; steps: number; seconds: number }>();
  for (const { workers, servers, steps, seconds } of observations) {
    const key = `${workers}/${servers}`;
    const group = groups.get(key) ?? { size: { workers, servers }, steps: 0, seconds: 0 };
    groups.set(key, { size: group.size, steps: group.steps + steps, seconds: group.seconds + seconds });
  }
  return [...groups.values()].map(({ size, steps, seconds }) => ({
    size,
    stepSeconds: seconds / steps,
    steps,
  }));
}

/**
 * From the phases of what ran: computing divides among the workers; of what is left, most is taken to be fixed and some
 * to grow with the workers, so that a first guess neither promises linear gains nor none.
 */
function priorFromPhases(workload: Workload, observations: readonly Observation[]): Prior | undefined {
  const last = observations.at(-1);
  if (last === undefined) return undefined;
  const stepSeconds = last.seconds / last.steps;
  const compute = COMPUTE_PHASES.reduce((total, phase) => total + phaseOf(last, phase), 0);
  const share = longestShare(workload, last.workers, null);
  // Slots overlap reading and computing, so phases may add up to more than the time there was.
  const computing = Math.min(compute / last.workers / last.steps, MOST_COMPUTING * stepSeconds);
  const perWorker = (stepSeconds - computing) / (FIXED_PER_WORKER + last.workers);
  return {
    coefficients: [FIXED_PER_WORKER * perWorker, computing / share, 0, perWorker, 0],
    parallelism: null,
    deviation: PRIOR_DEVIATION,
    guessed: true,
  };
}

function phaseOf(observation: Observation, phase: string): number {
  const seconds = observation.phaseSeconds[phase] ?? 0;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

/** θ1 is seconds a tile: of another patch size it is as its pixels. The number of tiles a step is in N(w) already. */
function rescaled(earlier: ThroughputModel, workload: Workload): Prior {
  const { patchSize, batch } = earlier.workload;
  const same = patchSize === workload.patchSize && batch === workload.batch;
  const pixels = (workload.patchSize / patchSize) ** 2;
  return {
    coefficients: earlier.coefficients.map((value, i) => (i === 1 ? value * pixels : value)),
    parallelism: earlier.parallelism,
    deviation: same ? WARM_START_DEVIATION : OTHER_SHAPE_DEVIATION,
    guessed: false,
  };
}

/** A limit of parallelism shows only where more workers were tried. */
function parallelismCandidates(observations: readonly Observation[]): number[] {
  const most = Math.max(1, ...observations.map(({ workers }) => workers));
  if (most <= MOST_CANDIDATES) return Array.from({ length: most - 1 }, (_, i) => i + 1);
  const ratio = (most - 1) ** (1 / (MOST_CANDIDATES - 1));
  return [...new Set(Array.from({ length: MOST_CANDIDATES }, (_, i) => Math.round(ratio ** i)))];
}

function dot(a: readonly number[], b: readonly number[]): number {
  let total = 0;
  for (let i = 0; i < a.length; i += 1) total += a[i]! * b[i]!;
  return total;
}
