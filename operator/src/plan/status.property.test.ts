/** Whatever pods, coordinators, schedulers and API servers say, the status can be written. */
import { describe, expect, it } from '@jest/globals';
import { statusProblems } from '@wsi-operator/api';
import fc from 'fast-check';
import { DEFAULT_SETTINGS } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import { boundedProgress } from '../progress/bounded-progress.ts';
import { buildJob, pod, ready } from '../testing/builders.ts';
import { ROLES } from '../job/names.ts';
import { plan } from './plan.ts';

const now = 1_000_000_000_000;
const job = buildJob({ workers: 3, servers: 2, runPolicy: { backoffLimit: 2 } });
const time = fc.constantFrom<string | null | undefined>('2026-01-01T00:00:00Z', 'soon', null, undefined);
const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constant('x'.repeat(50_000)));
const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -1, 0.5, 1e300));

const progress = fc
  .record({
    phase: text,
    step: number,
    steps: number,
    epoch: number,
    epochs: number,
    fraction: number,
    tiles: number,
    tilesPerSecond: number,
    etaSeconds: number,
    metrics: fc.dictionary(fc.string({ maxLength: 8 }), number, { maxKeys: 300 }),
    parametersSha256: fc.oneof(text, fc.constant('a'.repeat(64))),
    checkpointStep: number,
    peakMemoryBytes: fc.dictionary(fc.constantFrom('coordinator', 'server', 'worker', 'other'), number),
    workersConnected: number,
    message: text,
  })
  .map(boundedProgress);

const terminated = fc.record({
  exitCode: fc.constantFrom(0, 1, 64, 137, -1, 256, 3221225786),
  reason: text,
  message: text,
  startedAt: time,
  finishedAt: time,
});
const waiting = fc.record({
  reason: fc.constantFrom('ErrImagePull', 'CreateContainerConfigError', ''),
  message: text,
});
const status = fc.record(
  {
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown', 'Dreaming'),
    reason: text,
    message: text,
    startTime: time,
    conditions: fc.array(
      fc.record({
        type: fc.constantFrom('PodScheduled', 'Ready'),
        status: fc.constantFrom('True', 'False'),
        message: text,
      }),
      { maxLength: 2 },
    ),
    containerStatuses: fc.array(
      fc.record({
        name: fc.constantFrom('trainer', 'sidecar'),
        image: text,
        state: fc.record({ terminated, waiting }, { requiredKeys: [] }),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const pods = fc.array(
  fc
    .record({ role: fc.constantFrom(...ROLES), index: fc.nat(5), status })
    .map(
      ({ role, index, status: said }) => ({ ...pod(job, { role, index }), status: said }) as unknown as V1Pod,
    ),
  { maxLength: 8 },
);
const observed: fc.Arbitrary<Observed> = fc.record({
  pods,
  progress,
  refusals: fc.array(fc.record({ what: text, message: text }), { maxLength: 3 }),
  objects: fc.constant([]),
  gangs: fc.constant([]),
});

describe('the status', () => {
  it('is one that the API server takes, also the next time', () => {
    fc.assert(
      fc.property(observed, observed, (first, second) => {
        const settings = DEFAULT_SETTINGS;
        const one = plan(job, ready(job, first, settings), now, settings);
        expect(statusProblems(JSON.parse(JSON.stringify(one.status)))).toEqual([]);
        const next = { ...job, status: one.status };
        const two = plan(next, ready(job, second, settings), now + 60_000, settings);
        expect(statusProblems(JSON.parse(JSON.stringify(two.status)))).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });
});
