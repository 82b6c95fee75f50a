/**
 * Peak memory of a role, in bytes, as a function of the batch b (tiles a shard), the patch size s and the parameters:
 *
 *   M = m0 + m1 b s² + m2 P + cache,    m >= 0
 *
 *   m0  the runtime itself
 *   m1  a pixel of a shard: activations and the buffers that tiles are read into
 *   m2  a byte of the parameters: versions, gradients, optimizer state
 *
 * The configured cache is known and taken off before the fit. Peaks are upper envelopes, not means: the highest of a
 * configuration counts. DLRover (Wang et al., VLDB 2024) predicts memory of parameter servers likewise, to act before
 * the kernel does.
 */
import { nonNegativeLeastSquares } from './least-squares.ts';

export interface MemoryShape {
  readonly patchSize: number;
  readonly batch: number;
  readonly parameterBytes: number;
  readonly cacheBytes: number;
}

export interface MemorySample extends MemoryShape {
  readonly peakBytes: number;
}

export interface MemoryModel {
  /** m0 (bytes), m1 (bytes a pixel), m2 (bytes a byte of parameters). */
  readonly coefficients: readonly number[];
  /** Standard deviation, relative. */
  readonly noise: number;
  readonly samples: number;
}

/** Until something is measured: a worker as in docs/performance.md. Trusted to a factor of two at most. */
const PRIOR = [400 * 2 ** 20, 130, 6] as const;
const PRIOR_DEVIATION = 1;
const LEAST_NOISE = 0.03;

export function fitMemory(samples: readonly MemorySample[]): MemoryModel | undefined {
  const highest = new Map<string, MemorySample>();
  for (const sample of samples) {
    if (!isUsable(sample)) continue;
    const key = [sample.patchSize, sample.batch, sample.parameterBytes, sample.cacheBytes].join('/');
    const other = highest.get(key);
    if (other === undefined || sample.peakBytes > other.peakBytes) highest.set(key, sample);
  }
  if (highest.size === 0) return undefined;
  const data = [...highest.values()].map((sample) => {
    const weight = 1 / (LEAST_NOISE * sample.peakBytes);
    const target = Math.max(0, sample.peakBytes - sample.cacheBytes) * weight;
    return { row: features(sample).map((x) => x * weight), target };
  });
  const prior = PRIOR.map((value, i) => {
    const weight = 1 / (PRIOR_DEVIATION * value);
    return { row: PRIOR.map((_, j) => (i === j ? weight : 0)), target: value * weight };
  });
  const all = [...data, ...prior];
  const { solution } = nonNegativeLeastSquares(
    all.map(({ row }) => row),
    all.map(({ target }) => target),
  );
  const misfit = data.reduce(
    (sum, { row, target }) => sum + (row.reduce((t, x, i) => t + x * solution[i]!, 0) - target) ** 2,
    0,
  );
  const noise = LEAST_NOISE * Math.sqrt(Math.max(1, misfit / data.length));
  return { coefficients: solution, noise, samples: data.length };
}

/** @returns bytes: expected, and what is exceeded in one case of twenty */
export function predictMemory(model: MemoryModel, shape: MemoryShape): { peakBytes: number; high: number } {
  const peakBytes = features(shape).reduce(
    (sum, x, i) => sum + x * model.coefficients[i]!,
    Math.max(0, shape.cacheBytes),
  );
  return { peakBytes, high: peakBytes * (1 + 1.645 * model.noise) };
}

function features({ patchSize, batch, parameterBytes }: MemoryShape): number[] {
  return [1, batch * patchSize ** 2, parameterBytes];
}

function isUsable(sample: MemorySample): boolean {
  const { patchSize, batch, parameterBytes, cacheBytes, peakBytes } = sample;
  const finite = [patchSize, batch, parameterBytes, cacheBytes, peakBytes].every(Number.isFinite);
  return finite && patchSize > 0 && batch > 0 && parameterBytes >= 0 && cacheBytes >= 0 && peakBytes > 0;
}
