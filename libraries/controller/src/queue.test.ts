import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from './testing/manual-clock.ts';
import { WorkQueue } from './queue.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('WorkQueue', () => {
  it('merges what is added while it waits and while it is held', async () => {
    const queue = new WorkQueue({ clock: new ManualClock() });
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(queue.depth).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  it('keeps the earliest of several delays', async () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock });
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    await clock.advance(49);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    await clock.advance(1000);
    expect(queue.depth).toBe(0);
  });

  it('doubles the delay of a failing key until it is forgotten', async () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock, firstDelay: 10, longestDelay: 35 });
    const delays: number[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      if (failure === 4) queue.forget('a');
      queue.addRateLimited('a');
      delays.push(clock.nextTime()! - clock.monotonic());
      await clock.advance(100);
      expect(await queue.take()).toBe('a');
      queue.done('a');
    }
    expect(delays).toEqual([10, 20, 35, 35, 10]);
  });

  it('is fair: a key that is added again and again waits behind all that waited before it', async () => {
    const queue = new WorkQueue({ clock: new ManualClock() });
    const keys = Array.from({ length: 50 }, (_none, index) => `k${index}`);
    keys.forEach((key) => queue.add(key));
    const taken: string[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      const key = (await queue.take())!;
      taken.push(key);
      // The busy one changes while it is held; all others come back too.
      queue.add('k0');
      queue.done(key);
      queue.add(key);
      queue.add('k0');
    }
    const turns = keys.map((key) => taken.filter((each) => each === key).length);
    expect(new Set(turns)).toEqual(new Set([4]));
    expect(taken.slice(0, 50)).toEqual(keys);
  });

  it('is fair to its takers: who waits longest is served first', async () => {
    const queue = new WorkQueue({ clock: new ManualClock() });
    const served: string[] = [];
    const takers = ['one', 'two', 'three'].map(async (name) => {
      await queue.take();
      served.push(name);
    });
    ['a', 'b', 'c'].forEach((key) => queue.add(key));
    await Promise.all(takers);
    expect(served).toEqual(['one', 'two', 'three']);
  });

  it('lets groups take turns, however many keys one of them has', async () => {
    const queue = new WorkQueue({ clock: new ManualClock(), groupOf: (key) => key.split('/')[0] ?? '' });
    for (let index = 0; index < 10_000; index += 1) queue.add(`greedy/${index}`);
    ['modest/a', 'modest/b', 'third/a'].forEach((key) => queue.add(key));
    const taken: (string | undefined)[] = [];
    for (let turn = 0; turn < 7; turn += 1) {
      taken.push(await queue.take());
      queue.done(taken.at(-1)!);
    }
    expect(taken).toEqual([
      ...['greedy/0', 'modest/a', 'third/a', 'greedy/1', 'modest/b', 'greedy/2', 'greedy/3'],
    ]);
    expect(queue.depth).toBe(9_996);
  });

  it('keeps a taker free for others when all keys of one group take long', async () => {
    const queue = new WorkQueue({
      clock: new ManualClock(),
      groupOf: (key) => key.split('/')[0] ?? '',
      mostHeldOfGroup: 2,
    });
    const taken: (string | undefined)[] = [];
    for (let taker = 0; taker < 3; taker += 1) void queue.take().then((key) => taken.push(key));
    ['slow/a', 'slow/b', 'slow/c'].forEach((key) => queue.add(key));
    await settled();
    expect(taken).toEqual(['slow/a', 'slow/b']);
    queue.add('quick/a');
    await settled();
    expect(taken).toEqual(['slow/a', 'slow/b', 'quick/a']);
    void queue.take().then((key) => taken.push(key));
    queue.done('slow/a');
    await settled();
    expect(taken.at(-1)).toBe('slow/c');
  });

  it('wakes its takers when it is closed and takes nothing more', async () => {
    const clock = new ManualClock();
    const queue = new WorkQueue({ clock });
    const taken = [queue.take(), queue.take()];
    queue.addAfter('late', 10);
    queue.close();
    expect(await Promise.all(taken)).toEqual([undefined, undefined]);
    queue.add('a');
    expect(await queue.take()).toBeUndefined();
    expect(clock.nextTime()).toBeUndefined();
  });

  it.each([
    ['in one group', {}],
    ['in groups', { groupOf: (key: string) => (key === 'a' ? 'one' : 'two'), mostHeldOfGroup: 1 }],
  ])('never has one key with two takers and never loses one, %s', async (_name, groups) => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({
        kind: fc.constant('after' as const),
        key: fc.constantFrom('a', 'b', 'c'),
        delay: fc.nat(50),
      }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('done' as const) }),
      fc.record({ kind: fc.constant('wait' as const), time: fc.nat(60) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new ManualClock();
        const queue = new WorkQueue({ clock, ...groups });
        const held: string[] = [];
        const owed = new Set<string>();
        const onTake = (key: string | undefined): void => {
          if (key === undefined) return;
          expect(held).not.toContain(key);
          held.push(key);
          owed.delete(key);
        };
        for (const next of steps) {
          if (next.kind === 'add' || next.kind === 'after') owed.add(next.key);
          if (next.kind === 'add') queue.add(next.key);
          if (next.kind === 'after') queue.addAfter(next.key, next.delay);
          if (next.kind === 'take') void queue.take().then(onTake);
          if (next.kind === 'wait') await clock.advance(next.time);
          if (next.kind === 'done' && held.length > 0) queue.done(held.shift()!);
          await settled();
        }
        for (let round = 0; round < 10; round += 1) {
          while (held.length > 0) queue.done(held.shift()!);
          await clock.advance(100);
          if (queue.depth > 0) void queue.take().then(onTake);
          await settled();
        }
        expect([...owed]).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
