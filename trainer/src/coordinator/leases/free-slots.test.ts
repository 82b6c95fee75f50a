import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FreeSlots } from './free-slots.ts';

it('free slots give a worker that holds the fewest tasks', () => {
  const workers = ['a', 'b', 'c', 'd'];
  const update = fc.record({
    worker: fc.constantFrom(...workers),
    held: fc.integer({ min: 0, max: 3 }),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(update), (updates) => {
      const free = new FreeSlots<string>();
      const held = new Map<string, number>();
      for (const { worker, held: tasks, remove } of updates) {
        if (remove) free.remove(worker);
        else free.update(worker, tasks, 3);
        if (remove || tasks >= 3) held.delete(worker);
        else held.set(worker, tasks);
        const next = free.next();
        expect(next === undefined ? Infinity : held.get(next)).toBe(Math.min(...held.values()));
        expect([...free.all()].sort()).toEqual([...held.keys()].sort());
      }
    }),
  );
});
