import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Usage } from '@wsi-operator/protocol';
import { Windows, type ClosedWindow } from './windows.ts';

function usage(phaseSeconds: Record<string, number>, tiles = 0, bytes = 0): Usage {
  return {
    phaseSeconds,
    residentBytes: 1,
    peakResidentBytes: 1,
    tiles,
    bytesSent: bytes,
    bytesReceived: 2 * bytes,
    deviceBytes: 0,
    devicePeakBytes: 0,
    processorSeconds: 0,
  };
}

describe('measurement windows', () => {
  it('record what a worker did in whole steps, and what it waited for', () => {
    const windows = new Windows({ seconds: 3, servers: 2 });
    windows.join('a', 0);
    windows.busy('a', 100);
    windows.report('a', usage({ forward: 0.5, leaseWait: 0.5 }, 10, 100), 1_000);
    windows.idle('a', 1_000);
    // The step in which the worker came is in no window.
    expect(windows.stepDone(4, 10, 1_000)).toBeUndefined();
    windows.busy('a', 1_100);
    // The message with the task took 0.1 s, the one of its end 0.2 s.
    windows.report('a', usage({ forward: 2, leaseWait: 0.7, queue: 0.1 }, 50, 300), 2_800);
    windows.idle('a', 3_000);
    expect(windows.stepDone(5, 20, 3_000)).toBeUndefined();
    windows.skip(10_000);
    windows.busy('a', 10_000);
    windows.report('a', usage({ forward: 4, leaseWait: 8, queue: 0.2 }, 90, 700), 12_000);
    windows.idle('a', 12_000);
    const window = windows.stepDone(6, 20, 12_500);
    expect(window).toMatchObject({ workers: 1, servers: 2, steps: 2, tiles: 40, from: 5, to: 7 });
    expect(window?.seconds).toBeCloseTo(4.5, 9);
    expect(window?.tilesPerSecond).toBeCloseTo(40 / 4.5, 9);
    expect(window?.phaseSeconds['forward']).toBeCloseTo(3.5, 9);
    expect(window?.phaseSeconds['barrierWait']).toBeCloseTo(0.1 + 0.5, 9);
    expect([window?.bytesSent, window?.bytesReceived]).toEqual([600, 1200]);
    expect(window?.rates.get('a')?.tilesPerSecond).toBeCloseTo(80 / 2 / 3.5, 9);
  });

  it('close before a rescale, and begin after the step in which it happened', () => {
    const windows = new Windows({ seconds: 1000, servers: 1 });
    const ready = (worker: string, at: number): ClosedWindow | undefined =>
      windows.report(worker, usage({ forward: at }), at);
    windows.join('a', 0);
    ready('a', 0);
    windows.stepDone(0, 5, 1_000);
    windows.stepDone(1, 5, 2_000);
    windows.join('b', 2_500);
    // It starts: nothing has changed yet.
    expect(windows.report('b', usage({}), 2_600)).toBeUndefined();
    windows.stepDone(2, 5, 3_000);
    expect(ready('b', 3_500)).toMatchObject({ workers: 1, steps: 2, tiles: 10, seconds: 2, from: 1, to: 3 });
    expect(windows.stepDone(3, 5, 4_000)).toBeUndefined();
    expect(windows.leave('b')).toBeUndefined();
    windows.stepDone(4, 5, 5_000);
    windows.stepDone(5, 7, 6_000);
    expect(windows.end()).toMatchObject({ workers: 1, steps: 1, tiles: 7, from: 5, to: 6 });
    expect(windows.end()).toBeUndefined();
  });

  /** A worker whose phases add up to its time, which says so now and then, and steps that end now and then. */
  const event = fc.record({
    after: fc.integer({ min: 1, max: 5_000 }),
    what: fc.constantFrom('report', 'step', 'join', 'leave', 'skip', 'task'),
    worker: fc.constantFrom('a', 'b', 'c'),
    phase: fc.constantFrom('forward', 'push', 'leaseWait', 'queue'),
  });

  it('count every step at most once, with phases that add up to workers times seconds', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 20 }), (events, seconds) => {
        const windows = new Windows({ seconds, servers: 1 });
        const closed: ClosedWindow[] = [];
        const spent = new Map<string, Record<string, number>>();
        const holds = new Set<string>();
        let now = 0;
        let steps = 0;
        const take = (window: ClosedWindow | undefined): void => {
          if (window !== undefined) closed.push(window);
        };
        const reportAll = (): void => {
          for (const [worker, phases] of spent) take(windows.report(worker, usage({ ...phases }), now));
        };
        for (const { after, what, worker, phase } of events) {
          now += after;
          for (const [of, phases] of spent) {
            const into = holds.has(of) ? phase : 'leaseWait';
            phases[into] = (phases[into] ?? 0) + after / 1000;
          }
          if (what === 'join' && !spent.has(worker)) {
            windows.join(worker, now);
            spent.set(worker, {});
          } else if (what === 'leave') {
            take(windows.leave(worker));
            spent.delete(worker);
            holds.delete(worker);
          } else if (what === 'task' && spent.has(worker)) {
            // A result carries the usage.
            reportAll();
            if (holds.delete(worker)) {
              windows.idle(worker, now);
            } else {
              holds.add(worker);
              windows.busy(worker, now);
            }
          } else if (what === 'step') {
            // Those that work have just said so; those that wait need not.
            for (const worker of holds) take(windows.report(worker, usage({ ...spent.get(worker) }), now));
            take(windows.stepDone(steps++, 10, now));
          } else if (what === 'skip') {
            reportAll();
            windows.skip(now);
          }
        }
        take(windows.end());
        let next = 0;
        for (const window of closed) {
          expect(window.from).toBeGreaterThanOrEqual(next);
          expect(window.to - window.from).toBe(window.steps);
          expect(window.tiles).toBe(window.steps * 10);
          const sum = Object.values(window.phaseSeconds).reduce((total, of) => total + of, 0);
          expect(Math.min(...Object.values(window.phaseSeconds))).toBeGreaterThanOrEqual(0);
          expect(sum).toBeCloseTo(window.workers * window.seconds, 6);
          next = window.to;
        }
        expect(next).toBeLessThanOrEqual(steps);
      }),
      { numRuns: 300 },
    );
  });
});
