import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withObservation, type Observation, type Size, type Workload } from '../model/observation.ts';
import { fitModel, type PerformanceModel } from '../model/performance-model.ts';
import { decide, NO_HISTORY, type Decision, type DecisionInput, type History } from './decide.ts';
import { autoscalingSpec, type AutoscalingSpec, type Objective } from './spec.ts';

const shape = { encoder: 'tiny', aggregator: 'gated', patchSize: 224, batch: 16, device: 'cpu', threads: 1 };
const workload: Workload = {
  tilesPerStep: 2048,
  blocksPerStep: 32,
  parameterBytes: 45e6,
  patchSize: 224,
  batch: 16,
};
const OBJECTIVES: readonly Objective[] = ['throughput', 'efficiency', 'deadline', 'cost'];

/** Seconds of a step at one worker: fixed, tiles, for each worker; processors. */
interface Truth {
  readonly fixed: number;
  readonly tiles: number;
  readonly perWorker: number;
  readonly processors: number;
}

function windowAt({ fixed, tiles, perWorker, processors }: Truth, size: Size, error = 0): Observation {
  const steps = 10;
  const waves = Math.ceil(workload.blocksPerStep / size.workers) / workload.blocksPerStep;
  const computing = tiles * Math.max(waves, 1 / processors);
  return {
    ...size,
    steps,
    tiles: steps * workload.tilesPerStep,
    seconds: (fixed + computing + perWorker * size.workers) * steps * (1 + error),
    phaseSeconds: {
      forward: 0.4 * computing * steps * size.workers,
      backward: 0.6 * computing * steps * size.workers,
    },
  };
}

function fitted(observations: readonly Observation[]): PerformanceModel | undefined {
  return fitModel({ shape, workload, observations });
}

interface Course {
  readonly truth: Truth;
  readonly spec: AutoscalingSpec;
  readonly limits?: DecisionInput['limits'];
  readonly errors?: readonly number[];
  readonly start?: number;
  readonly passes?: number;
}

/** A job under decide(), a look every 30 s with a window in between: the decisions one after the other. */
function follow({ truth, spec, limits = {}, errors = [0], start = 1, passes = 60 }: Course): Decision[] {
  let observations: readonly Observation[] = [];
  let history: History = NO_HISTORY;
  let current: Size = { workers: start, servers: 1 };
  const decisions: Decision[] = [];
  for (let pass = 0; pass < passes; pass += 1) {
    observations = withObservation(observations, windowAt(truth, current, errors[pass % errors.length] ?? 0));
    const model = fitted(observations);
    const decision = decide({
      ...(model === undefined ? {} : { model }),
      observations,
      spec,
      limits,
      history,
      current,
      now: pass * 30_000,
    });
    decisions.push(decision);
    history = decision.history;
    current = { workers: decision.workers, servers: decision.servers };
  }
  return decisions;
}

const positive = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const truths = fc.record({
  fixed: positive(0.01, 3),
  tiles: positive(2, 60),
  perWorker: positive(0.0001, 0.5),
  processors: fc.constantFrom(1, 2, 4, 8, 1000),
});
const errors = fc.array(positive(-0.03, 0.03), { minLength: 7, maxLength: 7 });

describe('decide', () => {
  it('keeps bounds and quota, whatever was measured and recommended', () => {
    fc.assert(
      fc.property(
        truths,
        fc.constantFrom(...OBJECTIVES),
        fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 40 })),
        fc.record({ current: fc.integer({ min: 0, max: 80 }), quota: fc.integer({ min: 1, max: 60 }) }),
        fc.tuple(positive(-0.5, 2), fc.option(positive(1, 1e5), { nil: undefined })),
        (truth, objective, [least, more], { current, quota }, [error, target]) => {
          const spec = autoscalingSpec({
            objective,
            minimumWorkers: least,
            maximumWorkers: least + more,
            maximumServers: 4,
            tilesPerSecond: target,
          });
          const observations = [
            windowAt(truth, { workers: Math.max(1, current), servers: 1 }),
            windowAt(truth, { workers: 3, servers: 1 }, error),
          ];
          const model = fitted(observations)!;
          const limits = { quotaWorkers: quota, remainingTiles: 1e6, secondsToDeadline: 3600 };
          const input = { model, observations, spec, limits, history: NO_HISTORY, now: 0 };
          const decision = decide({ ...input, current: { workers: current, servers: 1 } });
          expect(decision.workers).toBeGreaterThanOrEqual(least);
          expect(decision.workers).toBeLessThanOrEqual(Math.max(least, Math.min(least + more, quota)));
          expect(Number.isInteger(decision.workers)).toBe(true);
          expect(decision.servers).toBeGreaterThanOrEqual(1);
          expect(decision.servers).toBeLessThanOrEqual(4);
          expect(decision.reason).not.toMatch(/NaN|undefined|Infinity/u);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never oscillates: with noise of 3% a job settles and stays', () => {
    fc.assert(
      fc.property(truths, fc.constantFrom(...OBJECTIVES), errors, (truth, objective, noise) => {
        const spec = autoscalingSpec({ objective, maximumWorkers: 32 });
        const limits = { secondsToDeadline: 36_000, remainingTiles: 1e6 };
        const sizes = follow({ truth, spec, limits, errors: noise }).map(({ workers }) => workers);
        const turns = sizes.slice(2).filter((size, i) => {
          const [a, b] = [sizes[i]!, sizes[i + 1]!];
          return (b - a) * (size - b) < 0;
        });
        const moves = sizes.filter((size, i) => i > 0 && size !== sizes[i - 1]);
        expect(moves.length).toBeLessThanOrEqual(10);
        expect(turns.length).toBeLessThanOrEqual(2);
        expect(new Set(sizes.slice(-20)).size).toBe(1);
      }),
      { numRuns: 120 },
    );
  });

  it('rescales only when what is left pays for it', () => {
    fc.assert(
      fc.property(truths, positive(10, 1e6), positive(1, 600), (truth, remainingTiles, rescaleSeconds) => {
        const observations = [1, 2].map((workers) => windowAt(truth, { workers, servers: 1 }));
        const model = fitted(observations)!;
        const current = { workers: 1, servers: 1 };
        const decision = decide({
          model,
          observations,
          spec: autoscalingSpec({ objective: 'throughput', maximumWorkers: 16 }),
          limits: { remainingTiles, rescaleSeconds },
          history: NO_HISTORY,
          current,
          now: 0,
        });
        if (decision.workers === 1) return;
        const rate = (workers: number): number => {
          const { seconds, tiles } = windowAt(truth, { workers, servers: 1 });
          return tiles / seconds;
        };
        // The prediction is not the truth; it must be right about the sign at sizes like those measured.
        expect(decision.prediction!.tilesPerSecond).toBeGreaterThan(rate(1));
        const saved = remainingTiles / rate(1) - remainingTiles / decision.prediction!.tilesPerSecond;
        expect(saved * 1.1).toBeGreaterThan(rescaleSeconds);
      }),
      { numRuns: 200 },
    );
  });

  it('is a function: the same input gives the same decision, and is left as it was', () => {
    const truth = { fixed: 0.2, tiles: 30, perWorker: 0.02, processors: 8 };
    const spec = autoscalingSpec();
    expect(follow({ truth, spec, passes: 10 })).toEqual(follow({ truth, spec, passes: 10 }));
    const observations = [windowAt(truth, { workers: 2, servers: 1 })];
    const model = fitted(observations)!;
    const current = { workers: 2, servers: 1 };
    const input = { model, observations, spec, limits: {}, history: NO_HISTORY, current, now: 5 };
    const before = JSON.stringify(input);
    decide(input);
    expect(JSON.stringify(input)).toBe(before);
  });

  it('takes what a cap leaves, also where gains are perfectly linear', () => {
    const truth = { fixed: 0, tiles: 30, perWorker: 0, processors: 1000 };
    const observations = [1, 2, 4].map((workers) => windowAt(truth, { workers, servers: 1 }));
    const model = fitted(observations)!;
    // As it is after windows that contradict each other: nothing but the tiles' own time.
    const linear = { ...model, throughput: { ...model.throughput, coefficients: [0, 0.01, 0, 0, 0] } };
    for (const quotaWorkers of [2, 3, 4, 7, 8]) {
      const decision = decide({
        model: linear,
        observations,
        spec: autoscalingSpec({ maximumWorkers: 64 }),
        limits: { quotaWorkers },
        history: NO_HISTORY,
        current: { workers: 1, servers: 1 },
        now: 0,
      });
      expect(decision.workers).toBe(quotaWorkers);
    }
  });

  it('finds two processors and leaves it at that', () => {
    const truth = { fixed: 0.05, tiles: 30, perWorker: 0.01, processors: 2 };
    const sizes = follow({ truth, spec: autoscalingSpec({ maximumWorkers: 8 }) }).map((one) => one.workers);
    expect(sizes.at(-1)).toBe(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
  });

  it('starts with the minimum when nothing is known, and says so', () => {
    const input = { observations: [], spec: autoscalingSpec({ minimumWorkers: 3 }), limits: {} };
    const decision = decide({ ...input, history: NO_HISTORY, current: { workers: 0, servers: 0 }, now: 0 });
    expect(decision).toMatchObject({ workers: 3, servers: 1, changed: true });
    expect(decision.reason).toBe('start with 3 workers: nothing measured yet');
  });

  it('reports the move in words and numbers', () => {
    const truth = { fixed: 0.1, tiles: 30, perWorker: 0.01, processors: 1000 };
    const reasons = follow({ truth, spec: autoscalingSpec({ maximumWorkers: 16 }) })
      .filter((one, i, all) => i > 0 && one.workers !== all[i - 1]!.workers)
      .map(({ reason }) => reason);
    expect(reasons.join('\n')).toMatch(
      /\d+ -> \d+ workers: \d+ -> \d+ tiles\/s predicted, efficiency 0\.\d+/u,
    );
  });
});

describe('memory', () => {
  const GIB = 2 ** 30;
  const outcome = (memory: DecisionInput['memory'], spec = autoscalingSpec()): Decision =>
    decide({
      observations: [],
      spec,
      limits: {},
      history: NO_HISTORY,
      current: { workers: 1, servers: 1 },
      now: 0,
      ...(memory === undefined ? {} : { memory }),
    });

  it('is raised before the kernel kills, and never lowered', () => {
    const raised = outcome({ worker: { requestBytes: GIB, limitBytes: GIB, peakBytes: 0.95 * GIB } });
    expect(raised.memory['worker']!.requestBytes).toBeGreaterThan(1.1 * GIB);
    expect(raised.reason).toContain('worker memory 1024 MiB -> 1216 MiB: peak 973 MiB');
    expect(outcome({ worker: { requestBytes: 4 * GIB, peakBytes: GIB } }).memory).toEqual({});
  });

  it('is raised by half after a kill, within the maximum; then there is advice', () => {
    const state = { requestBytes: GIB, limitBytes: GIB, peakBytes: GIB, kills: 1 };
    expect(outcome({ worker: state }).memory['worker']).toEqual({
      requestBytes: 1.5 * GIB,
      limitBytes: 1.5 * GIB,
    });
    const capped = outcome({ worker: state }, autoscalingSpec({ memory: { maximumBytes: GIB } }));
    expect(capped.memory).toEqual({});
    expect(capped.advice.join()).toContain('smaller patches.batch');
  });
});

describe('stragglers', () => {
  const rates = [10, 11, 9, 3].map((tilesPerSecond, i) => ({ id: `w${i}`, tilesPerSecond, seconds: 60 }));
  const base = { observations: [], spec: autoscalingSpec(), limits: {}, now: 0 };
  const current = { workers: 4, servers: 1 };

  it('are restarted once, and not again at once', () => {
    const first = decide({ ...base, current, history: NO_HISTORY, workerRates: rates });
    expect(first.replace).toEqual(['w3']);
    const again = decide({ ...base, current, history: first.history, workerRates: rates, now: 60_000 });
    expect(again.replace).toEqual([]);
  });

  it('is not recognised among two workers, or at the start', () => {
    const none = { ...base, current, history: NO_HISTORY };
    expect(decide({ ...none, workerRates: rates.slice(2) }).replace).toEqual([]);
    expect(decide({ ...none, workerRates: rates.map((one) => ({ ...one, seconds: 5 })) }).replace).toEqual(
      [],
    );
  });
});
