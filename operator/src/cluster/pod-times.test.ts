import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@wsi-operator/controller/testing';
import { PodTimes } from './pod-times.ts';

const pod = (uid: string, deletionTimestamp?: string): never =>
  ({ metadata: { uid, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) } }) as never;
const placed = (uid: string, status: 'True' | 'False', lastTransitionTime: string): never => {
  const scheduled = { type: 'PodScheduled', status, reason: 'Unschedulable', lastTransitionTime };
  return { metadata: { uid }, status: { phase: 'Pending', conditions: [scheduled] } } as never;
};

describe('the times of pods', () => {
  it('count from when they were first seen to leave, whatever their metadata says', async () => {
    const clock = new ManualClock();
    const times = new PodTimes(clock);
    times.list('job', [pod('a'), pod('b', '1970-01-01T00:00:00Z')]);
    await clock.advance(5_000);
    const both = [pod('a', '2100-01-01T00:00:00Z'), pod('b', '1970-01-01T00:00:00Z')];
    expect(times.list('job', both)).toEqual(new Map(Object.entries({ a: 0, b: 5_000 })));
    await clock.advance(1_000);
    // A successor of the same name has another uid.
    expect(times.list('job', [pod('c'), both[0]!])).toEqual(new Map(Object.entries({ c: 0, a: 1_000 })));
    times.forget('job');
    expect(times.list('job', both)).toEqual(new Map(Object.entries({ a: 0, b: 0 })));
  });

  it("count a search for a node from when it was first seen, whatever the scheduler's clock says", async () => {
    const clock = new ManualClock();
    const times = new PodTimes(clock);
    for (const time of ['1970-01-01T00:00:00Z', '2100-01-01T00:00:00Z']) {
      times.forget('job');
      expect(times.list('job', [placed('a', 'False', time)]).get('a')).toBe(0);
      await clock.advance(7_000);
      expect(times.list('job', [placed('a', 'False', time)]).get('a')).toBe(7_000);
      expect(times.list('job', [placed('a', 'True', time)]).get('a')).toBe(0);
    }
  });

  it('of a pod that is gone stand still from when it was first seen to be', async () => {
    const clock = new ManualClock();
    const times = new PodTimes(clock);
    times.list('job', [pod('a')]);
    await clock.advance(5_000);
    expect(times.list('job', [], [pod('a')])).toEqual(new Map([['a', 5_000]]));
    await clock.advance(600_000);
    expect(times.list('job', [pod('b')], [pod('a')])).toEqual(new Map(Object.entries({ a: 5_000, b: 0 })));
    // It was not gone after all.
    expect(times.list('job', [pod('a')])).toEqual(new Map([['a', 605_000]]));
  });
});
