/**
 * Failover by simulation: coordinator, servers and workers end at random messages and disk actions, also while they
 * recover, and the run has the parameters, the tiles and the lines of one to which nothing happens. `WSI_SEED=<seed>`
 * replays a failure; `WSI_EXHAUSTIVE=1` lets each role end at every single boundary.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replay } from './replay.ts';
import { simulate, type SimulatedFault, type SimulatedResult } from './simulation/run.ts';

const stalenesses = [0, 2];
const quiet = new Map<number, SimulatedResult>();
beforeAll(async () => {
  for (const staleness of stalenesses) {
    quiet.set(staleness, await simulate({ seed: 0, workers: 1, servers: 1, staleness, faults: [] }));
  }
});

function expectSame(result: SimulatedResult, staleness: number): void {
  // No finished lease is computed again: the quiet run has none, either.
  const { boundaries: _boundaries, takeovers: _takeovers, stops: _stops, ...same } = result;
  const { boundaries: _of, takeovers: _none, stops: _never, ...expected } = quiet.get(staleness)!;
  expect(same).toEqual(expected);
}

it('a run without faults has the expected bytes, tiles and lines', () => {
  const { losses, evaluations, sha256 } = quiet.get(0)!;
  expect(losses.map(([step]) => step)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(evaluations).toEqual([3, 6]);
  expect(new Set(losses.map(([, loss]) => loss)).size).toBe(6);
  expect(sha256).not.toBe(quiet.get(2)!.sha256);
});

it('servers without parameters change nothing, and may be lost like others', async () => {
  for (const staleness of stalenesses) {
    const of = { seed: 3, workers: 2, servers: 9, staleness };
    expectSame(await simulate({ ...of, faults: [] }), staleness);
    const lost = [{ after: 150, role: 'server', replica: 8 } as const];
    expectSame(await simulate({ ...of, faults: lost }), staleness);
  }
}, 300_000);

const fault: fc.Arbitrary<SimulatedFault> = fc.record({
  after: fc.integer({ min: 0, max: 400 }),
  role: fc.constantFrom('coordinator' as const, 'coordinator' as const, 'server' as const, 'worker' as const),
  replica: fc.integer({ min: 0, max: 1 }),
});

const stop: fc.Arbitrary<SimulatedFault> = fc.record({
  after: fc.integer({ min: 0, max: 400 }),
  role: fc.constant('stop' as const),
  replica: fc.constant(0),
});

it('a run has the same bytes, tiles and lines whichever process ends at any time', async () => {
  let takeovers = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        workers: fc.integer({ min: 1, max: 3 }),
        servers: fc.integer({ min: 1, max: 2 }),
        staleness: fc.constantFrom(...stalenesses),
        faults: fc.array(fault, { maxLength: 8 }),
      }),
      async (options) => {
        const result = await simulate(options);
        expectSame(result, options.staleness);
        takeovers += result.takeovers;
      },
    ),
    replay({ numRuns: 60 }),
  );
  // What is tested here does happen.
  expect(takeovers).toBeGreaterThan(10);
}, 600_000);

it('a run that is stopped, even while it recovers, resumes to the same bytes, tiles and lines', async () => {
  let stops = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        workers: fc.integer({ min: 1, max: 3 }),
        servers: fc.integer({ min: 1, max: 2 }),
        staleness: fc.constantFrom(...stalenesses),
        faults: fc.array(fc.oneof(fault, stop), { maxLength: 8 }),
      }),
      async (options) => {
        const result = await simulate(options);
        expectSame(result, options.staleness);
        stops += result.stops;
      },
    ),
    replay({ numRuns: 40 }),
  );
  expect(stops).toBeGreaterThan(10);
}, 600_000);

describe.each(['coordinator', 'server', 'worker'] as const)('a %s that ends', (role) => {
  it('at any boundary changes nothing', async () => {
    const exhaustive = process.env['WSI_EXHAUSTIVE'] === '1';
    for (const staleness of stalenesses) {
      const of = { seed: 1, workers: 2, servers: 2, staleness };
      const { boundaries } = await simulate({ ...of, faults: [] });
      const stride = exhaustive ? 1 : Math.ceil(boundaries / 12);
      for (let after = 0; after < boundaries; after += stride) {
        const result = await simulate({ ...of, faults: [{ after, role, replica: 0 }] });
        try {
          expectSame(result, staleness);
        } catch (error) {
          throw new Error(`the ${role} ended at boundary ${after}, staleness ${staleness}`, { cause: error });
        }
      }
    }
  }, 1_800_000);
});
