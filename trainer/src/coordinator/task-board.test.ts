import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TaskBoard, type BoardTask } from './task-board.ts';

const task = (id: string, priority = 0, affinity = id): BoardTask => ({ id, priority, affinity });

describe('the task board', () => {
  it('leases earlier steps first, and first the tiles that the worker has read', () => {
    const board = new TaskBoard();
    for (const id of ['a', 'b']) board.submit(task(`embed/${id}`, 0, id));
    expect(board.lease('one', 1)?.id).toBe('embed/a');
    expect(board.lease('two', 1)?.id).toBe('embed/b');
    board.complete('embed/a');
    board.complete('embed/b');
    board.submit(task('later', 1));
    for (const id of ['a', 'b', 'c']) board.submit(task(`gradient/${id}`, 0, id));
    expect(board.lease('two', 1)?.id).toBe('gradient/b');
    expect(board.lease('two', 1)?.id).toBe('gradient/c');
    expect(board.lease('two', 1)?.id).toBe('gradient/a');
    expect(board.lease('two', 1)?.id).toBe('later');
    expect(board.lease('two', 1)).toBeUndefined();
  });

  it('leases again what a lost or late worker held, and accepts the first completion only', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    board.submit(task('y'));
    board.lease('one', 10);
    board.lease('one', 10);
    board.renew('one', 20);
    expect(board.expire(19)).toEqual([]);
    expect(board.expire(20)).toEqual([
      { id: 'x', worker: 'one' },
      { id: 'y', worker: 'one' },
    ]);
    expect(board.lease('two', 30)?.id).toBe('x');
    // The late worker wakes up and is first after all.
    expect(board.complete('x')).toEqual({ completion: 'accepted', holder: 'two' });
    expect(board.complete('x')).toEqual({ completion: 'duplicate', holder: undefined });
    expect(board.holdsOf('two')).toBe(0);
    expect(board.lease('two', 30)?.id).toBe('y');
    expect(board.release('two')).toEqual(['y']);
    expect(board.lease('three', 30)?.id).toBe('y');
    expect(board.fail('y', 'two')).toBe(false);
    expect(board.fail('y', 'three')).toBe(true);
    expect(board.waiting).toBe(1);
  });

  it('counts the leases that ended without a word, not those that the worker gave back', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    board.lease('one', 1);
    board.fail('x', 'one');
    board.lease('one', 1);
    board.release('one');
    board.lease('two', 1);
    expect(board.attemptsOf('x')).toBe(2);
  });

  it('refuses a second task of one id', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    expect(() => board.submit(task('x'))).toThrow('already');
  });

  it('never loses, doubles or strands a task, whatever the workers do', () => {
    const workers = ['a', 'b', 'c'];
    const event = fc.oneof(
      fc.record({ kind: fc.constant('submit' as const), priority: fc.integer({ min: 0, max: 3 }) }),
      fc.record({
        kind: fc.constantFrom('lease', 'release', 'renew', 'complete', 'fail'),
        worker: fc.constantFrom(...workers),
      }),
      fc.record({ kind: fc.constant('expire' as const) }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const board = new TaskBoard();
        const open = new Set<string>();
        const done = new Set<string>();
        /** What each worker believes to hold; stale beliefs are part of the test. */
        const believed = new Map<string, string[]>(workers.map((worker) => [worker, []]));
        let time = 0;
        let submitted = 0;
        for (const of of events) {
          time += 1;
          if (of.kind === 'submit') {
            const id = `t${submitted++}`;
            board.submit(task(id, of.priority, `tiles${submitted % 5}`));
            open.add(id);
          } else if (of.kind === 'expire') {
            board.expire(time);
          } else {
            const worker = of.worker;
            const held = believed.get(worker)!;
            if (of.kind === 'lease') {
              const leased = board.lease(worker, time + 5);
              if (leased !== undefined) {
                expect(open.has(leased.id)).toBe(true);
                held.push(leased.id);
              }
            } else if (of.kind === 'release') {
              board.release(worker);
            } else if (of.kind === 'renew') {
              board.renew(worker, time + 5);
            } else {
              const id = held.shift();
              if (id === undefined) continue;
              if (of.kind === 'fail') board.fail(id, worker);
              else {
                const accepted = board.complete(id).completion === 'accepted';
                expect(accepted).toBe(!done.has(id));
                done.add(id);
                open.delete(id);
              }
            }
          }
          expect(board.size).toBe(open.size);
          const holding = workers.reduce((sum, worker) => sum + board.holdsOf(worker), 0);
          expect(board.waiting + holding).toBe(open.size);
        }
        // A last, healthy worker can always finish everything.
        for (const worker of workers) board.release(worker);
        for (
          let leased = board.lease('z', Infinity);
          leased !== undefined;
          leased = board.lease('z', Infinity)
        ) {
          expect(board.complete(leased.id).completion).toBe('accepted');
        }
        expect(board.size).toBe(0);
      }),
    );
  });
});
