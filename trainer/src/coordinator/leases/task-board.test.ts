import { describe, expect, it } from '@jest/globals';
import { TaskBoard, type BoardTask } from './task-board.ts';

const task = (id: string, priority = 0, affinity = id): BoardTask => ({
  id,
  priority,
  affinity,
  kind: 'embed',
});

describe('the task board', () => {
  it('leases earlier steps first, and prefers tiles that the worker has read', () => {
    const board = new TaskBoard();
    for (const id of ['a', 'b']) board.submit(task(`embed/${id}`, 0, id));
    expect(board.lease('one', 0, 1)?.id).toBe('embed/a');
    expect(board.lease('two', 0, 1)?.id).toBe('embed/b');
    board.complete('embed/a', 'one', 1);
    board.complete('embed/b', 'two', 1);
    board.submit(task('later', 1));
    for (const id of ['a', 'b', 'c']) board.submit(task(`gradient/${id}`, 0, id));
    expect(board.lease('two', 0, 1)?.id).toBe('gradient/b');
    expect(board.lease('two', 0, 1)?.id).toBe('gradient/c');
    expect(board.lease('two', 0, 1)?.id).toBe('gradient/a');
    expect(board.lease('two', 0, 1)?.id).toBe('later');
    expect(board.lease('two', 0, 1)).toBeUndefined();
  });

  it('leases the tasks of a lost or late worker again, and accepts only the first completion', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    board.submit(task('y'));
    board.lease('one', 0, 10);
    board.lease('one', 0, 10);
    board.renew('one', 20);
    expect(board.expire(19)).toEqual([]);
    expect(board.expire(20)).toEqual([
      { id: 'x', worker: 'one' },
      { id: 'y', worker: 'one' },
    ]);
    expect(board.lease('two', 0, 30)?.id).toBe('x');
    // The late worker wakes up and is first after all.
    expect(board.complete('x', 'one', 21)).toEqual({ completion: 'accepted', others: ['two'] });
    expect(board.complete('x', 'two', 22)).toEqual({ completion: 'duplicate', others: [] });
    expect(board.holdsOf('two')).toBe(0);
    expect(board.lease('two', 0, 30)?.id).toBe('y');
    expect(board.release('two')).toEqual(['y']);
    expect(board.lease('three', 0, 30)?.id).toBe('y');
    expect(board.fail('y', 'two')).toBe(false);
    expect(board.fail('y', 'three')).toBe(true);
    expect(board.waiting).toBe(1);
  });

  it('counts lost leases, but not those that the worker returned', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    board.lease('one', 0, 1);
    board.fail('x', 'one');
    board.lease('one', 0, 1);
    board.release('one');
    board.lease('two', 0, 1);
    expect(board.attemptsOf('x')).toBe(2);
  });

  it('refuses a second task with the same id', () => {
    const board = new TaskBoard();
    board.submit(task('x'));
    expect(() => board.submit(task('x'))).toThrow('already');
  });

  it('leases a task that is late for its kind to a second worker, and to a third', () => {
    const board = new TaskBoard({ floorMilliseconds: 10, unknownMilliseconds: 1000 });
    for (let index = 0; index < 8; index++) {
      board.submit(task(`quick${index}`));
      board.lease('one', 100 * index, Infinity);
      board.complete(`quick${index}`, 'one', 100 * index + 20);
    }
    board.submit(task('slow'));
    board.submit({ ...task('other'), kind: 'gradient' });
    board.lease('one', 1000, Infinity);
    board.lease('one', 1001, Infinity);
    // Three times 20, after its lease.
    expect(board.speculate('two', 1059, Infinity)).toBeUndefined();
    expect(board.speculate('one', 1060, Infinity)).toBeUndefined();
    expect(board.speculate('two', 1060, Infinity)?.id).toBe('slow');
    expect(board.speculate('three', 1119, Infinity)).toBeUndefined();
    expect(board.speculate('three', 1120, Infinity)?.id).toBe('slow');
    expect(board.speculate('four', 9999, Infinity)?.id).toBe('other');
    expect(board.speculate('five', 9999, Infinity)).toBeUndefined();
    expect(board.complete('slow', 'three', 9999)).toEqual({
      completion: 'accepted',
      others: ['one', 'two'],
    });
    expect(board.complete('slow', 'one', 9999)).toEqual({ completion: 'duplicate', others: [] });
    expect(board.holdsOf('one')).toBe(1);
  });

  it('keeps a task with its other holder when one of two is lost', () => {
    const board = new TaskBoard({ floorMilliseconds: 1, unknownMilliseconds: 1 });
    board.submit(task('x'));
    board.lease('one', 0, 10);
    board.speculate('two', 5, 15);
    expect(board.expire(10)).toEqual([{ id: 'x', worker: 'one' }]);
    expect(board.waiting).toBe(0);
    expect(board.release('two')).toEqual(['x']);
    expect(board.waiting).toBe(1);
  });
});
