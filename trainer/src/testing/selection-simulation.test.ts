/**
 * The choice of an epoch by simulation: whichever process ends at whatever message or disk action, training ends after the
 * same epoch, and the result is of the same one. `WSI_SEED=<seed>` replays a failure.
 */
import { beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replay } from './replay.ts';
import { simulate, type SimulatedFault, type SimulatedResult } from './simulation/run.ts';

const stalenesses = [0, 2];
const quiet = new Map<number, SimulatedResult>();
beforeAll(async () => {
  for (const staleness of stalenesses) {
    quiet.set(
      staleness,
      await simulate({ seed: 0, workers: 1, servers: 1, staleness, selects: true, faults: [] }),
    );
  }
});

it('training ends when patience runs out, and the result is of an earlier epoch', () => {
  for (const { version, step, evaluations } of quiet.values()) {
    expect(step).toBeLessThan(18);
    expect(step).toBe(evaluations.at(-1));
    expect(version).toBeLessThan(step);
    expect(evaluations).toContain(version);
  }
});

it('the epochs until then are those of a run that keeps the last one', async () => {
  for (const staleness of stalenesses) {
    const whole = await simulate({ seed: 0, workers: 1, servers: 1, staleness, faults: [] });
    const shared = Math.min(whole.losses.length, quiet.get(staleness)!.losses.length);
    expect(quiet.get(staleness)!.losses.slice(0, shared)).toEqual(whole.losses.slice(0, shared));
  }
});

const fault: fc.Arbitrary<SimulatedFault> = fc.record({
  after: fc.integer({ min: 0, max: 400 }),
  role: fc.constantFrom(
    'coordinator' as const,
    'coordinator' as const,
    'server' as const,
    'worker' as const,
    'stop' as const,
  ),
  replica: fc.integer({ min: 0, max: 1 }),
});

it('the choice and its bytes are the same whichever process ends at any time', async () => {
  let interrupted = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        workers: fc.integer({ min: 1, max: 3 }),
        servers: fc.integer({ min: 1, max: 2 }),
        staleness: fc.constantFrom(...stalenesses),
        faults: fc.array(fault, { maxLength: 10 }),
      }),
      async (options) => {
        const result = await simulate({ ...options, selects: true });
        const { boundaries: _boundaries, takeovers, stops, ...same } = result;
        const {
          boundaries: _of,
          takeovers: _none,
          stops: _never,
          ...expected
        } = quiet.get(options.staleness)!;
        expect(same).toEqual(expected);
        interrupted += takeovers + stops;
      },
    ),
    replay({ numRuns: 40 }),
  );
  // What is tested here does happen.
  expect(interrupted).toBeGreaterThan(10);
}, 600_000);

it('a coordinator may end at every step of the choice', async () => {
  const of = { seed: 1, workers: 2, servers: 2, staleness: 0, selects: true };
  const { boundaries } = await simulate({ ...of, faults: [] });
  // Going back to the chosen epoch is among the last of them.
  for (let after = boundaries - 60; after < boundaries; after += 5) {
    const { sha256, version, step } = await simulate({
      ...of,
      faults: [{ after, role: 'coordinator', replica: 0 }],
    });
    expect({ after, sha256, version, step }).toEqual({
      after,
      sha256: quiet.get(0)!.sha256,
      version: quiet.get(0)!.version,
      step: quiet.get(0)!.step,
    });
  }
}, 600_000);
