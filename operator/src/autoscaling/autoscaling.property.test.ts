import { describe, expect, it } from '@jest/globals';
import { statusProblems, type AutoscalingStatus, type WsiTrainingJob } from '@wsi-operator/api';
import fc from 'fast-check';
import { LOCAL_SETTINGS } from '../job/settings.ts';
import type { Observed } from '../plan/observed.ts';
import type { TrainingMeasurement } from './measurement.ts';
import { boundedProgress } from '../progress/bounded-progress.ts';
import { buildJob, pod, progressAt, ready, seen } from '../testing/builders.ts';
import { MeasuredJob, stepSeconds } from '../testing/measured-job.ts';
import { plan } from '../plan/plan.ts';

const NOW = Date.UTC(2030, 0);
const MOST_BYTES = 65_536;
const OURS = ['Rescaled', 'MemoryRaised', 'WorkerReplaced', 'NoRoom', 'AutoscalingAdvice'];

/** What a number may be that another process sends. */
const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0.01, max: 1e4, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 }) },
  fc.constantFrom(0, -1, 0.5, 1e-300, 1e300, NaN, Infinity, -Infinity, Number.MAX_VALUE),
);
const size = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 20 }) }, number);
const observation = fc.record({
  workers: size,
  servers: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 3 }) }, number),
  tiles: number,
  steps: number,
  seconds: number,
  phaseSeconds: fc.dictionary(
    fc.constantFrom('forward', 'backward', 'push', 'leaseWait', '__proto__'),
    number,
  ),
});
const memory = fc.record({
  residentBytes: number,
  peakBytes: fc.oneof(number, fc.integer({ min: 1, max: 2 ** 33 })),
  deviceBytes: number,
  devicePeakBytes: number,
  peaks: fc.array(fc.record({ seconds: number, bytes: number }), { maxLength: 20 }),
});
const measurement: fc.Arbitrary<TrainingMeasurement> = fc
  .record({
    workload: fc.record({
      tilesPerStep: number,
      blocksPerStep: number,
      parameterBytes: number,
      patchSize: number,
      batch: number,
    }),
    device: fc.constantFrom('cpu', 'gpu', '', 'x'.repeat(5000), '../..'),
    observations: fc.array(observation, { maxLength: 50 }),
    workers: fc.array(
      fc.record({
        replica: size,
        instance: fc.string(),
        tilesPerSecond: number,
        seconds: number,
        residentBytes: number,
        peakResidentBytes: number,
        deviceBytes: number,
        devicePeakBytes: number,
      }),
      { maxLength: 12 },
    ),
    memory: fc.record({ coordinator: memory, server: memory, worker: memory }),
    remainingTiles: number,
    joinSeconds: number,
  })
  .map((said) => boundedProgress({ measurement: said }).measurement!);

const time = fc
  .integer({ min: -9_000_000, max: 9_000_000 })
  .map((offset) => new Date(NOW + offset).toISOString());
const cap = fc.record({ workers: fc.integer({ min: 1, max: 20 }), until: time, tries: fc.nat(40) });
const stored: fc.Arbitrary<AutoscalingStatus> = fc.record(
  {
    workers: fc.integer({ min: 0, max: 999 }),
    servers: fc.integer({ min: 0, max: 64 }),
    advisedServers: fc.integer({ min: 0, max: 64 }),
    replicas: fc.integer({ min: 1, max: 20 }),
    reason: fc.string(),
    decisions: fc.array(
      fc.record({ what: fc.constantFrom('workers', 'memory'), time, reason: fc.string() }),
      {
        maxLength: 16,
      },
    ),
    changes: fc.nat(1000),
    time,
    notBefore: time,
    basis: fc.constantFrom('x', 'y'),
    model: fc.constantFrom('{', '{"version":1}', 'null', '[]'),
    warmStart: fc.record({ job: fc.string({ minLength: 1 }), model: fc.constantFrom('{', 'null') }),
    schedulable: cap,
    quota: cap,
    recommendations: fc.array(fc.record({ time, workers: fc.nat(999) }), { maxLength: 64 }),
    replaced: fc.array(
      fc.record({ pod: fc.constantFrom('lung-worker-0', 'other'), uid: fc.string(), time }),
      {
        maxLength: 64,
      },
    ),
  },
  { requiredKeys: [] },
);

const asked = fc.record(
  {
    objective: fc.constantFrom('efficiency', 'throughput', 'deadline', 'cost'),
    minimumWorkers: fc.integer({ min: 1, max: 6 }),
    maximumWorkers: fc.integer({ min: 6, max: 20 }),
    maximumServers: fc.integer({ min: 1, max: 8 }),
    efficiencyFloor: fc.double({ min: 0, max: 1, noNaN: true }),
    tilesPerSecond: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
    deadline: fc.constantFrom('1s', '90m', '30d'),
    stabilisationSeconds: fc.constantFrom(0, 60),
    scaleDownStabilisationSeconds: fc.constantFrom(0, 300),
    tolerance: fc.constantFrom(0, 0.05, 0.9),
  },
  { requiredKeys: ['minimumWorkers', 'maximumWorkers'] },
);

const resources = { requests: { memory: '1Gi' }, limits: { memory: '2Gi' } };
const templates = { worker: { spec: { containers: [{ name: 'trainer', resources }] } } };

/** A running job with such a status, and what is observed of it. */
function simulation(job: WsiTrainingJob, measured: TrainingMeasurement | undefined, up: number): Observed {
  const slots = [
    { role: 'coordinator', index: 0 } as const,
    ...Array.from(
      { length: job.spec.parameterServers.replicas },
      (_, index) => ({ role: 'server', index }) as const,
    ),
    ...Array.from({ length: up }, (_, index) => ({ role: 'worker', index }) as const),
  ];
  const pods = slots.map((slot) => pod(job, slot));
  return ready(
    job,
    seen(pods, { ...progressAt(3), ...(measured === undefined ? {} : { measurement: measured }) }),
  );
}

const startTime = new Date(NOW - 600_000).toISOString();

describe('a plan with autoscaling, whatever is measured and stored', () => {
  it('never throws, keeps within the bounds, says the same twice, and writes a status that the server takes', () => {
    fc.assert(
      fc.property(
        fc.option(measurement, { nil: undefined }),
        fc.option(stored, { nil: undefined }),
        asked,
        fc.integer({ min: 1, max: 8 }),
        (measured, autoscaling, given, up) => {
          const status = { startTime, ...(autoscaling === undefined ? {} : { autoscaling }) };
          const job = buildJob({ workers: 2, autoscaling: given, templates, status });
          const observed = simulation(job, measured, up);
          let current = job;
          for (let pass = 0; pass < 3; pass += 1) {
            const next = plan(current, observed, NOW, LOCAL_SETTINGS);
            const { workers = 0, changes = 0 } = next.status.autoscaling ?? {};
            expect(workers).toBeGreaterThanOrEqual(given.minimumWorkers);
            expect(workers).toBeLessThanOrEqual(given.maximumWorkers);
            expect(Number.isInteger(workers)).toBe(true);
            expect(statusProblems(next.status)).toEqual([]);
            expect(JSON.stringify(next.status.autoscaling).length).toBeLessThan(MOST_BYTES);
            // One pass takes up what has changed and decides; the next has nothing to add.
            if (pass > 0) {
              expect(next.status.autoscaling).toEqual(current.status?.autoscaling);
              expect(next.events.filter(({ reason }) => OURS.includes(reason))).toEqual([]);
            }
            expect(changes).toBeLessThanOrEqual((autoscaling?.changes ?? 0) + 4);
            current = { ...current, status: next.status };
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it('changes nothing while the coordinator is silent, however long', () => {
    fc.assert(
      fc.property(
        stored,
        asked,
        fc.array(fc.integer({ min: 1, max: 3_600_000 }), { maxLength: 6 }),
        (before, given, waits) => {
          const status = { startTime, autoscaling: before };
          let job = buildJob({ workers: 2, autoscaling: given, templates, status });
          let now = NOW;
          const first = plan(job, simulation(job, undefined, 2), now, LOCAL_SETTINGS);
          job = { ...job, status: first.status };
          for (const wait of waits) {
            now += wait;
            const next = plan(job, simulation(job, undefined, 2), now, LOCAL_SETTINGS);
            expect(next.status.autoscaling).toEqual(first.status.autoscaling);
            job = { ...job, status: next.status };
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('comes to rest, whatever the true speed is like', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 3, 5, Infinity),
        fc.double({ min: 0, max: 0.3, noNaN: true }),
        fc.constantFrom(0, 60),
        fc.constantFrom('efficiency', 'throughput', 'cost'),
        async (parallel, contention, windowSeconds, objective) => {
          const windows = {
            stabilisationSeconds: windowSeconds,
            scaleDownStabilisationSeconds: 2 * windowSeconds,
          };
          const job = new MeasuredJob(
            buildJob({ workers: 1, autoscaling: { objective, maximumWorkers: 16, ...windows } }),
          );
          // Windows differ by some per cent, as on an idle machine.
          let window = 0;
          job.parallel = parallel;
          job.stepSeconds = (workers) => {
            window += 1;
            const noise = 1 + 0.02 * Math.sin(window * 12.9898);
            return (stepSeconds(workers, parallel) + contention * workers) * noise;
          };
          await job.minutes(15);
          const { changes } = job.autoscaling;
          await job.minutes(6);
          expect(job.autoscaling.changes ?? 0).toBeLessThanOrEqual((changes ?? 0) + 1);
          expect(job.autoscaling.changes ?? 0).toBeLessThanOrEqual(8);
        },
      ),
      { numRuns: 5 },
    );
  });
});
