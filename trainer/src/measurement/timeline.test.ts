import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Timeline, type Activity } from './timeline.ts';

const activities = ['backward', 'forward', 'survey', 'tiles', 'pull', 'push', 'queue'] as const;

describe('a timeline', () => {
  it('attributes time to what the rest waits for, once', () => {
    const timeline = new Timeline(0);
    timeline.enter('queue', 1_000);
    timeline.enter('tiles', 1_000);
    timeline.enter('pull', 1_500);
    timeline.leave('tiles', 3_000);
    timeline.leave('pull', 3_250);
    timeline.enter('forward', 3_250);
    timeline.enter('tiles', 3_250);
    timeline.leave('tiles', 4_000);
    timeline.leave('forward', 5_250);
    timeline.leave('queue', 5_500);
    expect(Object.fromEntries(timeline.take(6_500))).toEqual({
      leaseWait: 2,
      tiles: 2,
      pull: 0.25,
      forward: 2,
      queue: 0.25,
    });
    expect(Object.fromEntries(timeline.take(7_500))).toEqual({ leaseWait: 1 });
  });

  it('adds up to the elapsed time, whatever runs concurrently', () => {
    const event = fc.record({
      activity: fc.constantFrom<Activity>(...activities),
      after: fc.integer({ min: 0, max: 10_000 }),
      take: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const timeline = new Timeline(5);
        const running = new Set<Activity>();
        let now = 5;
        let sum = 0;
        const add = (): void => {
          for (const seconds of timeline.take(now).values()) {
            expect(seconds).toBeGreaterThanOrEqual(0);
            sum += seconds;
          }
        };
        for (const { activity, after, take } of events) {
          now += after;
          if (running.delete(activity)) {
            timeline.leave(activity, now);
          } else {
            timeline.enter(activity, now);
            running.add(activity);
          }
          if (take) add();
        }
        add();
        expect(sum).toBeCloseTo((now - 5) / 1000, 6);
      }),
    );
  });
});
