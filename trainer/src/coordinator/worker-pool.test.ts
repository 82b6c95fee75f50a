import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createLogger, systemClock, WsiError } from '@wsi/foundation';
import type { CoordinatorMessage, TaskResult, Usage, Welcome, WorkerMessage } from '@wsi/protocol';
import { WorkerPool } from './worker-pool.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });

const usage: Usage = {
  phaseSeconds: {},
  residentBytes: 1,
  peakResidentBytes: 1,
  tiles: 0,
  bytesSent: 0,
  bytesReceived: 0,
};
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

function poolWith(workers: number): { pool: WorkerPool; streams: FakeStream[] } {
  const pool = new WorkerPool({ clock: systemClock, logger, leaseMilliseconds: 60_000 });
  const streams = Array.from({ length: workers }, (_, replica) => {
    const stream = new FakeStream();
    pool.accept(stream as unknown as Parameters<WorkerPool['accept']>[0]);
    stream.say({ hello: { replica, instance: `i${replica}`, slots: 2 } });
    return stream;
  });
  return { pool, streams };
}

const options = { priority: 0, affinity: 'a', subject: '/slides/a.tif' };
const result: TaskResult = { gradient: {} };

describe('the worker pool', () => {
  it('takes no task between the end of a generation and the next: nobody could ever do it', async () => {
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

  it('drops results of an older generation and of tasks that are done', async () => {
    const { pool, streams } = poolWith(2);
    pool.begin(welcome(2));
    const task = pool.run({ id: 'x', version: 0 }, options);
    const [first, second] = streams as [FakeStream, FakeStream];
    first.say({ completed: { task: 'x', generation: 1, result: { gradient: {} }, usage } });
    second.say({ completed: { task: 'x', generation: 2, result, usage } });
    first.say({ completed: { task: 'x', generation: 2, result: { gradient: {} }, usage } });
    expect(await task).toBe(result);
    // The one that held it is told that it is done.
    expect(first.sent.at(-1)).toEqual({ cancel: { tasks: ['x'] } });
    pool.close();
  });

  it('names the slide whose task ends every worker that it is given to', async () => {
    const { pool } = poolWith(0);
    pool.begin(welcome(1));
    const task = pool.run({ id: 'x', version: 0 }, options);
    for (let replica = 0; replica < 8; replica++) {
      const stream = new FakeStream();
      pool.accept(stream as unknown as Parameters<WorkerPool['accept']>[0]);
      stream.say({ hello: { replica: 0, instance: `i${replica}`, slots: 1 } });
      expect(stream.tasks).toEqual(['x']);
      stream.emit('close');
    }
    const last = new FakeStream();
    pool.accept(last as unknown as Parameters<WorkerPool['accept']>[0]);
    last.say({ hello: { replica: 0, instance: 'last', slots: 1 } });
    await expect(task).rejects.toThrow(/slides\/a\.tif.*8 times.*Take it out/);
    expect(last.tasks).toEqual([]);
    expect(pool.restarts).toBe(8);
    pool.close();
  });
});
