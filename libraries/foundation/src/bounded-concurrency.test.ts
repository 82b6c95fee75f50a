import { describe, expect, it } from '@jest/globals';
import { mapLimited, Slots } from './bounded-concurrency.ts';

describe('bounded concurrency', () => {
  it('never exceeds its slots, and serves tasks in order', async () => {
    const slots = new Slots(2);
    let running = 0;
    const started: number[] = [];
    const work = Array.from({ length: 9 }, (_, index) =>
      slots.run(async () => {
        started.push(index);
        running++;
        expect(running).toBeLessThanOrEqual(2);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        if (index === 4) throw new Error('4');
      }),
    );
    const results = await Promise.allSettled(work);
    expect(results.map(({ status }) => status === 'rejected')).toEqual(started.map((index) => index === 4));
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('lets those that wait begin when there are more slots, and never takes any away', async () => {
    const slots = new Slots(1);
    const ends: (() => void)[] = [];
    const work = Array.from({ length: 5 }, () => slots.run(() => new Promise<void>((end) => ends.push(end))));
    expect(ends).toHaveLength(1);
    slots.growTo(3);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toHaveLength(3);
    slots.growTo(2);
    for (const end of ends.slice(0, 2)) end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toHaveLength(5);
    for (const end of ends) end();
    await Promise.all(work);
  });

  it('starts nothing after a failure, and waits for the running tasks', async () => {
    let running = 0;
    const begun: number[] = [];
    const work = mapLimited([0, 1, 2, 3, 4, 5], 2, async (index) => {
      begun.push(index);
      running++;
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (index === 1) throw new Error('one');
    });
    await expect(work).rejects.toThrow('one');
    expect(running).toBe(0);
    expect(begun.length).toBeLessThan(6);
  });

  it('returns results in the order of the items', async () => {
    const results = await mapLimited([3, 1, 2], 2, async (item, index) => {
      for (let turn = 0; turn < item; turn++) await new Promise((resolve) => setImmediate(resolve));
      return `${index}:${item}`;
    });
    expect(results).toEqual(['0:3', '1:1', '2:2']);
  });

  it('does not wait for the running tasks after a failure if asked not to', async () => {
    const work = mapLimited(
      ['never ends', 'fails', 'not begun'],
      2,
      async (item) => {
        if (item === 'fails') throw new Error(item);
        await new Promise(() => undefined);
      },
      { leaveRunning: true },
    );
    await expect(work).rejects.toThrow('fails');
  });
});
