/**
 * The board against a reference model: random interleavings of everything that workers and clock can do to it. The model
 * says in the plainest words what may happen next; it inspects all tasks each time, as the board must not.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { replay } from '../../testing/replay.ts';
import { TaskBoard, type BoardTask } from './task-board.ts';

const workers = ['a', 'b', 'c', 'd'];
const limits = { floorMilliseconds: 4, unknownMilliseconds: 8 };
const leaseMilliseconds = 30;

interface ModelTask {
  readonly task: BoardTask;
  readonly holders: Map<string, number>;
  /** Whose tiles they were when it began to wait. */
  reader: string | undefined;
  leasedAt: number;
}

/** What may be done, in the plainest words. */
class Model {
  readonly open = new Map<string, ModelTask>();
  readonly done = new Set<string>();
  readonly readers = new Map<string, string>();
  readonly deadlines = new Map<string, number>();
  readonly durations = new Map<string, number[]>();
  now = 0;
  lastLease = 0;

  get waiting(): ModelTask[] {
    return [...this.open.values()].filter(({ holders }) => holders.size === 0);
  }

  heldBy(worker: string): ModelTask[] {
    return [...this.open.values()].filter(({ holders }) => holders.has(worker));
  }

  /** Tasks of which any is right to lease to this worker. */
  best(worker: string): ModelTask[] {
    const lowest = Math.min(...this.waiting.map(({ task }) => task.priority));
    const first = this.waiting.filter(({ task }) => task.priority === lowest);
    const own = first.filter(({ reader }) => reader === worker);
    const unread = first.filter(({ reader }) => reader === undefined);
    return [own, unread, first].find((tasks) => tasks.length > 0) ?? [];
  }

  late(worker: string): ModelTask[] {
    const late = [...this.open.values()].filter(
      ({ task, holders, leasedAt }) =>
        holders.size > 0 &&
        holders.size < 3 &&
        !holders.has(worker) &&
        this.now - leasedAt >= this.bound(task.kind),
    );
    const oldest = Math.min(...late.map(({ leasedAt }) => leasedAt));
    return late.filter(({ leasedAt }) => leasedAt === oldest);
  }

  bound(kind: string): number {
    const last = (this.durations.get(kind) ?? []).slice(-128).sort((a, b) => a - b);
    if (last.length < 8) return limits.unknownMilliseconds;
    return Math.max(limits.floorMilliseconds, 3 * last[Math.ceil(0.95 * last.length) - 1]!);
  }

  give(of: ModelTask, worker: string): void {
    if (this.heldBy(worker).length === 0) this.deadlines.set(worker, this.now + leaseMilliseconds);
    of.holders.set(worker, this.now);
    of.leasedAt = this.lastLease = this.now;
    this.readers.set(of.task.affinity, worker);
  }

  take(of: ModelTask, worker: string): void {
    if (of.holders.size === 3) of.leasedAt = this.lastLease;
    of.holders.delete(worker);
    if (of.holders.size === 0) of.reader = this.readers.get(of.task.affinity);
  }

  complete(of: ModelTask, worker: string): void {
    const since = of.holders.get(worker);
    if (since !== undefined) {
      this.durations.set(of.task.kind, [...(this.durations.get(of.task.kind) ?? []), this.now - since]);
    }
    for (const holder of [...of.holders.keys()]) this.take(of, holder);
    this.open.delete(of.task.id);
    this.done.add(of.task.id);
  }
}

const event = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      priority: fc.integer({ min: 0, max: 3 }),
      tiles: fc.integer({ min: 0, max: 4 }),
      of: fc.constantFrom('embed', 'gradient'),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'lease',
        'lease',
        'speculate',
        'speculate',
        'release',
        'renew',
        'complete',
        'complete',
        'fail',
      ),
      worker: fc.constantFrom(...workers),
      which: fc.nat({ max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      milliseconds: fc.integer({ min: 1, max: 12 }),
    }),
  },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

class Run {
  readonly board = new TaskBoard<BoardTask>(limits);
  readonly model = new Model();
  speculated = 0;

  do(of: Event): void {
    const { board, model } = this;
    if (of.kind === 'pass') model.now += of.milliseconds;
    else if (of.kind === 'submit') this.#submit(of);
    else if (of.kind === 'expire') this.#expire();
    else if (of.kind === 'lease') this.#lease(of.worker);
    else if (of.kind === 'speculate') this.#speculate(of.worker);
    else if (of.kind === 'release') {
      const held = model.heldBy(of.worker);
      expect(board.release(of.worker).sort()).toEqual(held.map(({ task }) => task.id).sort());
      for (const task of held) model.take(task, of.worker);
    } else if (of.kind === 'renew') {
      board.renew(of.worker, model.now + leaseMilliseconds);
      model.deadlines.set(of.worker, model.now + leaseMilliseconds);
    } else if (of.kind === 'fail') this.#fail(of.worker, of.which);
    else this.#complete(of.worker, of.which);
    this.check();
  }

  /** No task is lost, none is on the board twice, and who holds what is as the model says. */
  check(): void {
    const { board, model } = this;
    const seen = {
      size: board.size,
      waiting: board.waiting,
      held: workers.map((worker) => board.holdsOf(worker)),
      holders: [...model.open.keys()].map((id) => board.holdersOf(id).sort()),
    };
    const right = {
      size: model.open.size,
      waiting: model.waiting.length,
      held: workers.map((worker) => model.heldBy(worker).length),
      holders: [...model.open.values()].map(({ holders }) => [...holders.keys()].sort()),
    };
    // As text: comparing thousands of objects takes Jest seconds.
    if (JSON.stringify(seen) !== JSON.stringify(right)) expect(seen).toEqual(right);
    expect(Math.max(0, ...right.holders.map(({ length }) => length))).toBeLessThanOrEqual(3);
  }

  #submit(of: Extract<Event, { kind: 'submit' }>): void {
    const { open, done, readers } = this.model;
    const affinity = `tiles${of.tiles}`;
    const task = { id: `t${open.size + done.size}`, priority: of.priority, affinity, kind: of.of };
    this.board.submit(task);
    open.set(task.id, { task, holders: new Map(), reader: readers.get(affinity), leasedAt: 0 });
  }

  #expire(): void {
    const { board, model } = this;
    const late = workers.filter(
      (worker) => model.heldBy(worker).length > 0 && model.deadlines.get(worker)! <= model.now,
    );
    const held = late.flatMap((worker) => model.heldBy(worker).map(({ task }) => `${task.id} ${worker}`));
    expect(
      board
        .expire(model.now)
        .map(({ id, worker }) => `${id} ${worker}`)
        .sort(),
    ).toEqual(held.sort());
    for (const worker of late) for (const of of model.heldBy(worker)) model.take(of, worker);
  }

  #lease(worker: string): void {
    const { board, model } = this;
    const allowed = model.best(worker).map(({ task }) => task.id);
    const leased = board.lease(worker, model.now, model.now + leaseMilliseconds);
    // Only a task that waits is leased, so by leasing alone no two workers ever hold one.
    if (leased === undefined) expect(allowed).toEqual([]);
    else {
      expect(allowed).toContain(leased.id);
      model.give(model.open.get(leased.id)!, worker);
    }
  }

  #speculate(worker: string): void {
    const { board, model } = this;
    const allowed = model.late(worker).map(({ task }) => task.id);
    const leased = board.speculate(worker, model.now, model.now + leaseMilliseconds);
    if (leased === undefined) expect(allowed).toEqual([]);
    else {
      expect(allowed).toContain(leased.id);
      model.give(model.open.get(leased.id)!, worker);
      this.speculated += 1;
    }
  }

  /** Any worker may say that it could not do any task, also one that it does not hold (any more). */
  #fail(worker: string, which: number): void {
    const { board, model } = this;
    const of = [...model.open.values()].at(which % Math.max(1, model.open.size));
    if (of === undefined) return;
    const holds = of.holders.has(worker);
    expect(board.fail(of.task.id, worker)).toBe(holds);
    if (holds) model.take(of, worker);
  }

  /** Any worker may deliver any task that ever was: late, twice, or after it lost its lease. */
  #complete(worker: string, which: number): void {
    const { board, model } = this;
    const ids = [...model.open.keys(), ...model.done];
    const id = ids.at(which % Math.max(1, ids.length));
    if (id === undefined) return;
    const of = model.open.get(id);
    const others = [...(of?.holders.keys() ?? [])].filter((holder) => holder !== worker);
    const { completion, others: cancelled } = board.complete(id, worker, model.now);
    expect(completion).toBe(of === undefined ? 'duplicate' : 'accepted');
    expect([...cancelled].sort()).toEqual(others.sort());
    if (of !== undefined) model.complete(of, worker);
  }
}

describe('the task board, for any behaviour of the workers,', () => {
  it('agrees with the reference model, and lets a last healthy worker finish everything', () => {
    let speculated = 0;
    fc.assert(
      fc.property(fc.array(event, { minLength: 20, maxLength: 250 }), (events) => {
        const run = new Run();
        for (const of of events) run.do(of);
        speculated += run.speculated;
        const { board, model } = run;
        for (const worker of workers) {
          board.release(worker);
          for (const of of model.heldBy(worker)) model.take(of, worker);
        }
        while (model.open.size > 0) {
          const allowed = model.best('z').map(({ task }) => task.id);
          const leased = board.lease('z', model.now, Infinity)!;
          expect(allowed).toContain(leased.id);
          expect(board.complete(leased.id, 'z', model.now).completion).toBe('accepted');
          model.complete(model.open.get(leased.id)!, 'z');
        }
        expect(board.size).toBe(0);
        expect(board.lease('z', model.now, Infinity)).toBeUndefined();
      }),
      replay({ numRuns: 300 }),
    );
    // The interleavings do come by what is tested here.
    expect(speculated).toBeGreaterThan(50);
  });
});
