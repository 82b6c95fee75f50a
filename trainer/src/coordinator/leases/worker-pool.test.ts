import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createLogger, systemClock, WsiError, type Clock } from '@wsi-operator/foundation';
import type { CoordinatorMessage, TaskResult, Usage, Welcome, WorkerMessage } from '@wsi-operator/protocol';
import { NO_USAGE } from './worker-connections.ts';
import { WorkerPool } from './worker-pool.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });

const usage: Usage = { ...NO_USAGE, residentBytes: 1, peakResidentBytes: 1 };
const welcome = (generation: number): Welcome => ({
  generation,
  network: '{}',
  patches: '{}',
  batch: 1,
  servers: [],
  bodyLength: 1,
  threads: 1,
  cacheBytes: 0,
  store: '',
  versions: 3,
  heartbeatMilliseconds: 1000,
});

/** The coordinator's end of a worker's stream: what a test says goes in, what the pool writes is kept. */
class FakeStream extends EventEmitter {
  readonly sent: CoordinatorMessage[] = [];
  write(message: CoordinatorMessage): boolean {
    this.sent.push(message);
    return true;
  }
  end(): void {
    this.emit('close');
  }
  destroy(): void {
    this.emit('close');
  }
  say(message: WorkerMessage): void {
    this.emit('data', message);
  }
  get tasks(): string[] {
    return this.sent.flatMap(({ task }) => (task ? [task.id] : []));
  }
}

/** Time that passes when a test says so. */
class ManualClock implements Clock {
  #time = 0;
  readonly #sleepers = new Set<{ until: number; wake: () => void }>();
  now(): number {
    return this.#time;
  }
  monotonic(): number {
    return this.#time;
  }
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#time + milliseconds, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      });
    });
  }
  async pass(milliseconds: number): Promise<void> {
    const until = this.#time + milliseconds;
    for (;;) {
      const due = [...this.#sleepers].filter((of) => of.until <= until).sort((a, b) => a.until - b.until)[0];
      if (due === undefined) break;
      this.#time = Math.max(this.#time, due.until);
      this.#sleepers.delete(due);
      due.wake();
      await new Promise(setImmediate);
    }
    this.#time = until;
  }
}

function poolWith(workers: number, clock: Clock = systemClock): { pool: WorkerPool; streams: FakeStream[] } {
  const pool = new WorkerPool({ clock, logger, leaseMilliseconds: 60_000 });
  const streams = Array.from({ length: workers }, (_, replica) => {
    const stream = new FakeStream();
    pool.accept(stream as unknown as Parameters<WorkerPool['accept']>[0]);
    stream.say({ hello: { replica, instance: `i${replica}`, slots: 2, device: 'cpu' } });
    return stream;
  });
  return { pool, streams };
}

const options = { priority: 0, affinity: 'a', subject: '/slides/a.tif' };
const result: TaskResult = { gradient: {} };

describe('the worker pool', () => {
  it('accepts no task between two generations, as it could never be done', async () => {
    const { pool, streams } = poolWith(1);
    pool.begin(welcome(1));
    const open = pool.run({ id: 'x', version: 0 }, options);
    const lost = new WsiError('Unavailable', 'a parameter server was lost', { retryable: true });
    pool.cancelAll(lost);
    await expect(open).rejects.toBe(lost);
    await expect(pool.run({ id: 'y', version: 0 }, options)).rejects.toBe(lost);
    pool.begin(welcome(2));
    const next = pool.run({ id: 'y', version: 0 }, options);
    streams[0]!.say({ completed: { task: 'y', generation: 2, result, usage } });
    expect(await next).toBe(result);
    expect(streams[0]!.tasks).toEqual(['x', 'y']);
    pool.close();
  });

  it('gives no task to a worker whose engine is starting', async () => {
    const { pool, streams } = poolWith(1);
    pool.begin(welcome(1));
    const starting = new FakeStream();
    pool.accept(starting as unknown as Parameters<WorkerPool['accept']>[0]);
    starting.say({ hello: { replica: 1, instance: 'i1', slots: 0, device: 'cpu' } });
    const tasks = ['a', 'b', 'c'].map((id) => pool.run({ id, version: 0 }, options));
    expect([streams[0]!.tasks, starting.tasks]).toEqual([['a', 'b'], []]);
    starting.say({ hello: { replica: 1, instance: 'i1', slots: 2, device: 'cpu' } });
    expect(starting.tasks).toEqual(['c']);
    expect([pool.connected, pool.restarts]).toEqual([2, 0]);
    for (const task of ['a', 'b']) streams[0]!.say({ completed: { task, generation: 1, result, usage } });
    starting.say({ completed: { task: 'c', generation: 1, result, usage } });
    expect(await Promise.all(tasks)).toEqual([result, result, result]);
    pool.close();
  });

  it('drops results of older generations and of finished tasks', async () => {
    const { pool, streams } = poolWith(2);
    pool.begin(welcome(2));
    const task = pool.run({ id: 'x', version: 0 }, options);
    const [first, second] = streams as [FakeStream, FakeStream];
    first.say({ completed: { task: 'x', generation: 1, result: { gradient: {} }, usage } });
    second.say({ completed: { task: 'x', generation: 2, result, usage } });
    first.say({ completed: { task: 'x', generation: 2, result: { gradient: {} }, usage } });
    expect(await task).toBe(result);
    // The worker that held it is notified that it is done.
    expect(first.sent.at(-1)).toEqual({ cancel: { tasks: ['x'] } });
    pool.close();
  });

  it('names the slide whose task crashes every worker', async () => {
    const { pool } = poolWith(0);
    pool.begin(welcome(1));
    const task = pool.run({ id: 'x', version: 0 }, options);
    for (let replica = 0; replica < 8; replica++) {
      const stream = new FakeStream();
      pool.accept(stream as unknown as Parameters<WorkerPool['accept']>[0]);
      stream.say({ hello: { replica: 0, instance: `i${replica}`, slots: 1, device: 'cpu' } });
      expect(stream.tasks).toEqual(['x']);
      stream.emit('close');
    }
    const last = new FakeStream();
    pool.accept(last as unknown as Parameters<WorkerPool['accept']>[0]);
    last.say({ hello: { replica: 0, instance: 'last', slots: 1, device: 'cpu' } });
    await expect(task).rejects.toThrow(/slides\/a\.tif.*8 times.*Take it out/);
    expect(last.tasks).toEqual([]);
    expect(pool.restarts).toBe(8);
    pool.close();
  });

  it('leases the hanging tasks of a live worker to others, and gives it no more', async () => {
    const clock = new ManualClock();
    const { pool, streams } = poolWith(2, clock);
    pool.begin(welcome(1));
    const [hanging, other] = streams as [FakeStream, FakeStream];
    const run = (id: string): Promise<TaskResult> =>
      pool.run({ id, version: 0, gradient: {} as never }, options);
    const tasks = ['a', 'b', 'c', 'd'].map(run);
    expect(hanging.tasks).toEqual(['a', 'c']);
    expect(other.tasks).toEqual(['b', 'd']);
    const say = (task: string): void =>
      other.say({ completed: { task, generation: 1, result: { gradient: {} }, usage } });
    for (const task of ['b', 'd']) say(task);
    for (let heartbeats = 0; heartbeats < 7; heartbeats++) {
      await clock.pass(20_000);
      for (const stream of streams) stream.say({ heartbeat: usage });
    }
    expect(other.tasks).toEqual(['b', 'd', 'a', 'c']);
    for (const task of ['a', 'c']) say(task);
    await Promise.all(tasks);
    expect(hanging.sent.slice(-2)).toEqual([{ cancel: { tasks: ['a'] } }, { cancel: { tasks: ['c'] } }]);
    const more = ['e', 'f'].map(run);
    expect(hanging.tasks).toEqual(['a', 'c']);
    expect(other.tasks.slice(-2)).toEqual(['e', 'f']);
    // It wakes up: what it delivers late is dropped, and it is given tasks again.
    hanging.say({ completed: { task: 'a', generation: 1, result: { gradient: {} }, usage } });
    hanging.say({ dropped: { task: 'c', generation: 1 } });
    const last = ['g', 'h'].map(run);
    expect(hanging.tasks).toEqual(['a', 'c', 'g', 'h']);
    for (const task of ['e', 'f']) say(task);
    for (const task of ['g', 'h']) {
      hanging.say({ completed: { task, generation: 1, result: { gradient: {} }, usage } });
    }
    await Promise.all([...more, ...last]);
    pool.close();
  });

  it('leases what a stopping worker returns to others at once, and accepts what it finishes', async () => {
    const { pool, streams } = poolWith(1);
    pool.begin(welcome(1));
    const leaving = streams[0]!;
    const first = pool.run({ id: 'x', version: 0 }, options);
    const second = pool.run({ id: 'y', version: 0 }, options);
    leaving.say({ leaving: { returned: [{ task: 'y', generation: 1 }] } });
    const third = pool.run({ id: 'z', version: 0 }, options);
    expect(leaving.tasks).toEqual(['x', 'y']);
    const other = new FakeStream();
    pool.accept(other as unknown as Parameters<WorkerPool['accept']>[0]);
    other.say({ hello: { replica: 1, instance: 'i1', slots: 2, device: 'cpu' } });
    expect(other.tasks).toEqual(['y', 'z']);
    leaving.say({ completed: { task: 'x', generation: 1, result, usage } });
    leaving.say({ dropped: { task: 'y', generation: 1 } });
    expect(await first).toBe(result);
    leaving.emit('close');
    for (const task of ['y', 'z']) other.say({ completed: { task, generation: 1, result, usage } });
    await Promise.all([second, third]);
    pool.close();
  });
});
