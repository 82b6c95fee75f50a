import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  describeFault,
  LONGEST_BURST,
  MOST_WORKERS,
  scheduleFaults,
  type FaultKind,
  type StormOptions,
} from './schedule.ts';

const kinds: readonly FaultKind[] = [
  ...([
    'kill',
    'pause',
    'rescale',
    'resume',
    'delay',
    'drop',
    'partition',
    'diskFull',
    'corruption',
  ] as const),
];
const options: fc.Arbitrary<StormOptions> = fc.record({
  seed: fc.nat(),
  faults: fc.integer({ min: 1, max: 80 }),
  shares: fc
    .array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 9 })), { minLength: 1 })
    .map((entries) => Object.fromEntries(entries)),
  workers: fc.integer({ min: 1, max: MOST_WORKERS }),
  servers: fc.integer({ min: 1, max: 3 }),
  others: fc.subarray(['leader', 'apiServer'] as const),
});

describe('scheduleFaults', () => {
  it('is a function of its arguments, with a shorter storm as the prefix of a longer one', () => {
    fc.assert(
      fc.property(options, fc.nat(20), (of, more) => {
        const faults = scheduleFaults(of);
        expect(scheduleFaults({ ...of, faults: of.faults + more }).slice(0, of.faults)).toEqual(faults);
        expect(faults.map(({ number }) => number)).toEqual(faults.map((_, index) => index));
      }),
    );
  });

  it('strikes only existing processes, and only in the allowed ways', () => {
    fc.assert(
      fc.property(options, (of) => {
        let { workers, servers } = of;
        for (const { action } of scheduleFaults(of)) {
          expect(of.shares[action.kind]).toBeGreaterThan(0);
          if (action.kind === 'rescale') expect(action.workers).not.toBe(workers);
          if (action.kind === 'rescale' || action.kind === 'resume') workers = action.workers;
          if (action.kind === 'resume') servers = action.servers;
          expect(workers).toBeGreaterThan(0);
          expect(workers).toBeLessThanOrEqual(MOST_WORKERS);
          if (!('victim' in action)) continue;
          const { victim } = action;
          if (!('index' in victim)) expect(of.others).toContain(victim.role);
          else {
            const most = { coordinator: 1, server: servers, worker: workers }[victim.role];
            expect(victim.index).toBeLessThan(most);
          }
        }
      }),
    );
  });

  it('lets the run make progress after five faults without a step', () => {
    fc.assert(
      fc.property(options, (of) => {
        let burst = 0;
        for (const { afterSteps, number } of scheduleFaults(of)) {
          burst = afterSteps === 0 ? burst + 1 : 1;
          expect(burst).toBeLessThanOrEqual(LONGEST_BURST);
          if (number === 0) expect(afterSteps).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('covers every kind and every victim, in about the requested shares', () => {
    const shares = { kill: 3, pause: 1 };
    const faults = scheduleFaults({
      ...{ seed: 7, faults: 4_000, shares, workers: 2, servers: 2 },
      others: ['leader'],
    });
    const kills = faults.filter(({ action }) => action.kind === 'kill');
    expect(kills.length / faults.length).toBeGreaterThan(0.7);
    expect(kills.length / faults.length).toBeLessThan(0.8);
    expect(new Set(faults.map(({ action }) => describeFault(action).replace(/ for .*/, '')))).toEqual(
      new Set(
        ['coordinator 0', 'server 0', 'server 1', 'worker 0', 'worker 1', 'leader'].flatMap((who) => [
          `kill ${who}`,
          `pause ${who}`,
        ]),
      ),
    );
  });
});
