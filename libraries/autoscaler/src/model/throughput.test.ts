import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withObservation, type Observation, type Workload } from './observation.ts';
import {
  fitThroughput,
  longestShare,
  predictThroughput,
  stepParts,
  throughputTable,
  type ThroughputModel,
} from './throughput.ts';

const workload: Workload = {
  tilesPerStep: 4096,
  blocksPerStep: 64,
  parameterBytes: 45e6,
  patchSize: 256,
  batch: 16,
};

type Truth = (workers: number, servers: number) => number;

/** θ0 to θ4 as seconds of a step at one worker and one server. */
function truth(parts: readonly number[], parallelism: number | null = null, of = workload): Truth {
  const [fixed = 0, tiles = 0, parameters = 0, perWorker = 0, perServer = 0] = parts;
  return (workers, servers) =>
    fixed +
    (tiles * longestShare(of, workers, parallelism)) / of.tilesPerStep +
    (parameters * workers) / servers +
    perWorker * workers +
    perServer * servers;
}

function windowOf(of: Truth, tiles: number, workers: number, servers = 1, error = 0): Observation {
  const steps = 40;
  const seconds = of(workers, servers) * steps * (1 + error);
  // Computing is what divides; the rest is waiting.
  return {
    workers,
    servers,
    steps,
    seconds,
    tiles: steps * workload.tilesPerStep,
    phaseSeconds: { forward: tiles * steps * 0.4, backward: tiles * steps * 0.6, barrierWait: 1 },
  };
}

function relativeError(model: ThroughputModel, of: Truth, workers: number, servers = 1): number {
  return Math.abs(predictThroughput(model, { workers, servers }).stepSeconds / of(workers, servers) - 1);
}

describe('fitThroughput', () => {
  describe('of sizes that it has not seen, with windows off by up to 2%', () => {
    const parts = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 10, max: 60, noNaN: true }),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.double({ min: 0, max: 0.05, noNaN: true }),
    );
    const errors = fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), {
      minLength: 4,
      maxLength: 4,
    });
    /** Largest error at 3 to 12 workers, and that at twice as many as were seen. */
    const errorsOf = (seconds: readonly number[], noise: readonly number[]): [near: number, far: number] => {
      const of = truth(seconds);
      const windows = [1, 2, 4, 8].map((workers, i) => windowOf(of, seconds[1]!, workers, 1, noise[i]));
      const model = fitThroughput(workload, windows)!;
      const near = Math.max(...[3, 5, 6, 12].map((workers) => relativeError(model, of, workers)));
      return [near, relativeError(model, of, 16)];
    };

    it('is within 10% (15% at twice the largest) in 99 of 100 cases', () => {
      const cases = fc.sample(fc.tuple(parts, errors), { numRuns: 1000, seed: 1 });
      const kept = cases.map(([seconds, noise]) => errorsOf(seconds, noise));
      const share = kept.filter(([near, far]) => near < 0.1 && far < 0.15).length / kept.length;
      expect(share).toBeGreaterThan(0.99);
    });

    it('is never far off, though the errors be the worst that they can', () => {
      fc.assert(
        fc.property(parts, errors, (seconds, noise) => {
          const [near, far] = errorsOf(seconds, noise);
          expect(near).toBeLessThan(0.15);
          // Twice the largest size, and the noise all in one direction.
          expect(far).toBeLessThan(0.4);
        }),
        { numRuns: 200 },
      );
    });
  });

  it('has its truth in the 90% interval about that often, at sizes between and twice beyond', () => {
    let inside = 0;
    let all = 0;
    for (let i = 0; i < 100; i += 1) {
      const of = truth([0.3 + 0.01 * i, 30, 0.02, 0.03]);
      const windows = [1, 2, 4].map((workers, j) =>
        windowOf(of, 30, workers, 1, 0.03 * Math.sin(7 * i + 3 * j)),
      );
      const model = fitThroughput(workload, windows)!;
      for (const workers of [3, 8]) {
        const { low, high } = predictThroughput(model, { workers, servers: 1 });
        const actual = workload.tilesPerStep / of(workers, 1);
        all += 1;
        if (actual >= low && actual <= high) inside += 1;
      }
    }
    expect(inside / all).toBeGreaterThan(0.85);
  });

  it('first takes from the phases what one size cannot show: computing divides, the rest does not', () => {
    const computing = fitThroughput(workload, [windowOf(truth([0.5, 30]), 30, 1)])!;
    expect(predictThroughput(computing, { workers: 2, servers: 1 }).stepSeconds).toBeCloseTo(15.5, 0);
    // The same step, spent waiting.
    const waiting = fitThroughput(workload, [windowOf(truth([27.5, 3]), 3, 1)])!;
    expect(predictThroughput(waiting, { workers: 4, servers: 1 }).stepSeconds).toBeGreaterThan(20);
    const { low, high, tilesPerSecond } = predictThroughput(waiting, { workers: 4, servers: 1 });
    expect(high / low).toBeGreaterThan(1.3);
    expect(tilesPerSecond).toBeGreaterThan(low);
  });

  it('sees that workers share two processors', () => {
    const of = truth([0.2, 30, 0, 0.01], 2);
    const model = fitThroughput(
      workload,
      [1, 2, 4].map((workers) => windowOf(of, 30, workers)),
    )!;
    expect(model.parallelism).toBe(2);
    expect(relativeError(model, of, 3)).toBeLessThan(0.05);
    expect(relativeError(model, of, 8)).toBeLessThan(0.05);
  });

  it('believes in no such limit where there is none', () => {
    const of = truth([0.5, 30, 0.01, 0.02]);
    const model = fitThroughput(
      workload,
      [1, 2, 4].map((workers, i) => windowOf(of, 30, workers, 1, 0.02 * (-1) ** i)),
    )!;
    expect(model.parallelism).toBeNull();
  });

  it('gains nothing beyond the number of blocks, and in steps below', () => {
    const few = { ...workload, blocksPerStep: 8 };
    const of = truth([0.1, 30], null, few);
    const model = fitThroughput(few, [windowOf(of, 30, 1), windowOf(of, 30, 2), windowOf(of, 30, 4)])!;
    const table = throughputTable(model, 16, 1);
    expect(table[5]! / table[4]!).toBeCloseTo(1, 1);
    expect(table[8]! / table[4]!).toBeGreaterThan(1.8);
    expect(table[16]!).toBeLessThanOrEqual(table[8]! * 1.001);
  });

  it('distinguishes servers from workers', () => {
    const of = truth([0.2, 20, 0.5, 0.01, 0.05]);
    const windows = [
      [1, 1],
      [4, 1],
      [8, 1],
      [8, 2],
    ].map(([workers, servers]) => windowOf(of, 20, workers!, servers));
    const model = fitThroughput(workload, windows)!;
    expect(relativeError(model, of, 8, 4)).toBeLessThan(0.1);
    expect(relativeError(model, of, 16, 2)).toBeLessThan(0.1);
    expect(stepParts(model, { workers: 8, servers: 1 })[0]!.part).toBe('parameters');
  });

  it('starts warm from a run of the same shape, of other bags and another number of servers', () => {
    const of = truth([0.4, 30, 0.05, 0.02]);
    const earlier = fitThroughput(
      workload,
      [1, 2, 4, 8].map((workers) => windowOf(of, 30, workers)),
    )!;
    const half = { ...workload, tilesPerStep: 2048, blocksPerStep: 32 };
    const model = fitThroughput(half, [], earlier)!;
    const predicted = predictThroughput(model, { workers: 4, servers: 1 }).stepSeconds;
    expect(predicted).toBeCloseTo(0.4 + 15 / 4 + 0.2 + 0.08, 1);
    expect(model.observed).toEqual([]);
    const larger = fitThroughput({ ...workload, patchSize: 512 }, [], earlier)!;
    expect(predictThroughput(larger, { workers: 1, servers: 1 }).stepSeconds).toBeCloseTo(120.5, 0);
  });

  it('corrects a warm start that is wrong by what it measures', () => {
    const before = truth([0.4, 30, 0, 0.02]);
    const earlier = fitThroughput(
      workload,
      [1, 2, 4].map((workers) => windowOf(before, 30, workers)),
    )!;
    const now = truth([0.4, 60, 0, 0.02]);
    const model = fitThroughput(
      workload,
      [2, 4].map((workers) => windowOf(now, 60, workers)),
      earlier,
    )!;
    expect(relativeError(model, now, 8)).toBeLessThan(0.1);
  });

  it('is proof against windows that say nothing', () => {
    const good = windowOf(truth([0.5, 30]), 30, 1);
    const bad = [
      { ...good, seconds: Number.NaN },
      { ...good, steps: 0 },
      { ...good, tiles: Number.POSITIVE_INFINITY },
      { ...good, workers: 0 },
      { ...good, phaseSeconds: { forward: Number.NaN, backward: -4 } },
    ];
    const model = fitThroughput(workload, [...bad, good])!;
    expect(model.coefficients.every(Number.isFinite)).toBe(true);
    expect(fitThroughput(workload, bad.slice(0, 4))).toBeUndefined();
  });
});

it('keeps one entry a size, of which the recent counts most', () => {
  const slow = windowOf(truth([0, 60]), 60, 2);
  const fast = windowOf(truth([0, 30]), 30, 2);
  let kept = withObservation([], slow);
  expect(withObservation(kept, { ...slow, seconds: Number.NaN })).toBe(kept);
  for (let i = 0; i < 40; i += 1) kept = withObservation(kept, fast);
  kept = withObservation(kept, { ...fast, workers: 4 });
  expect(kept).toHaveLength(2);
  expect(kept[0]!.seconds / kept[0]!.steps).toBeCloseTo(15, 0);
});
