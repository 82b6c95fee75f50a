import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@wsi-operator/foundation';
import { TileReader } from '@wsi-operator/slides';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { syntheticJob } from '../testing/synthetic-job.ts';
import { Feeding } from './feeding.ts';
import { feedingLimits, threadsOfPool } from './limits.ts';
import { ShardQueue } from './shard-queue.ts';

const GIB = 2 ** 30;
const MANY = { processors: 16, memoryBytes: 64 * GIB };

describe('the limits of reading ahead', () => {
  const shardBytes = 16 * 224 ** 2 * 3;
  const depthOf = (processors: number, memoryBytes: number, bytes = shardBytes): number =>
    feedingLimits({ processors, memoryBytes }, { shardBytes: bytes, tasks: 2 }).depth;

  it('follow the processors, one of which hands tiles to the device', () => {
    expect([1, 2, 3, 8, 64].map((processors) => depthOf(processors, 64 * GIB))).toEqual([1, 1, 2, 7, 63]);
  });

  it('follow the memory, of which all tasks together take a sixteenth at most', () => {
    const { depth, bytes } = feedingLimits({ processors: 64, memoryBytes: GIB }, { shardBytes, tasks: 2 });
    expect(depth).toBe(13);
    expect(bytes).toBe(13 * 2 * shardBytes);
    expect(bytes).toBeLessThanOrEqual(GIB / 16);
    // However much there is: half a GiB.
    expect(depthOf(1000, 1000 * GIB, 2 ** 20)).toBe(256);
  });

  it('leave one shard ahead, however little there is', () => {
    expect(depthOf(1, 2 ** 20)).toBe(1);
  });
});

describe('the feeding of a device', () => {
  function started(processors: number) {
    const readers: number[] = [];
    const lines: object[] = [];
    const feeding = new Feeding({
      shardBytes: 16 * 224 ** 2 * 3,
      tasks: 2,
      reader: { growTo: (count) => readers.push(count) },
      logger: { info: (line: object) => lines.push(line) } as never,
      surroundings: { ...MANY, processors },
    });
    return { feeding, readers, lines };
  }
  const observe = (feeding: Feeding, shards: number, waited: number): void => {
    for (let shard = 0; shard < shards; shard++) feeding.observe(waited, 1 - waited);
  };

  it('begins with one shard ahead and two readers', () => {
    const { feeding, readers, lines } = started(16);
    expect([feeding.depth, readers]).toEqual([1, [2]]);
    expect(lines).toEqual([{ most: 15, bytes: 15 * 2 * 16 * 224 ** 2 * 3 }]);
  });

  it('reads more ahead while the device waits, up to the limit, and says so', () => {
    const { feeding, readers, lines } = started(7);
    observe(feeding, 15, 0.5);
    expect(feeding.depth).toBe(1);
    observe(feeding, 1 + 16, 0.5);
    expect(feeding.depth).toBe(4);
    observe(feeding, 160, 0.9);
    expect([feeding.depth, readers]).toEqual([6, [2, 3, 5, 7]]);
    expect(lines.slice(1)).toEqual([
      { depth: 2, readers: 3, waited: 0.5 },
      { depth: 4, readers: 5, waited: 0.5 },
      { depth: 6, readers: 7, waited: expect.closeTo(0.9, 6) },
    ]);
  });

  it('stays as it is while the device hardly waits, or not at all', () => {
    const { feeding, readers } = started(16);
    observe(feeding, 100, 0.05);
    for (let shard = 0; shard < 100; shard++) feeding.observe(0, 0);
    expect([feeding.depth, readers]).toEqual([1, [2]]);
  });

  it('stays as it is on two processors, whatever the device waits', () => {
    const { feeding, readers } = started(2);
    observe(feeding, 100, 0.9);
    expect([feeding.depth, readers]).toEqual([1, [2]]);
  });
});

describe('the shards of a task', () => {
  /** Of a device that waits: each decision doubles what is read ahead. */
  function deep(): Feeding {
    const feeding = new Feeding({
      shardBytes: 4 * 32 ** 2 * 3,
      tasks: 2,
      reader: { growTo: () => undefined },
      surroundings: MANY,
    });
    for (let shard = 0; shard < 32; shard++) feeding.observe(1, 0);
    return feeding;
  }

  it('come in order, whichever is read first, and never more ahead than the feeding says', async () => {
    const feeding = deep();
    expect(feeding.depth).toBe(4);
    const reading = new Map<number, () => void>();
    const queue = new ShardQueue(feeding, 6, (index) => {
      return new Promise<number>((resolve) => reading.set(index, () => resolve(index)));
    });
    expect([...reading.keys()]).toEqual([0, 1, 2, 3]);
    for (const index of [3, 2, 1, 0]) reading.get(index)!();
    await queue.ready();
    expect(await queue.next()).toBe(0);
    expect([...reading.keys()]).toEqual([0, 1, 2, 3, 4]);
    expect(await queue.next()).toBe(1);
    for (const index of [5, 4]) reading.get(index)!();
    for (const index of [2, 3, 4, 5]) expect(await queue.next()).toBe(index);
    expect(await queue.next()).toBeUndefined();
  });

  it('tell the feeding what was waited for and what was computed', async () => {
    const seen: [number, number][] = [];
    const feeding = deep();
    feeding.observe = (...seconds) => {
      seen.push(seconds);
    };
    // Asked at 0, there at 3, asked at 10, there at 10, asked at 14.
    const times = [0, 3, 10, 10, 14];
    const queue = new ShardQueue(
      feeding,
      2,
      async (index) => index,
      () => times.shift()!,
    );
    while ((await queue.next()) !== undefined);
    expect(seen).toEqual([
      [3, 7],
      [0, 4],
    ]);
  });

  it('fail where they are taken, and not while nobody waits for them', async () => {
    const queue = new ShardQueue(deep(), 3, async (index) => {
      if (index === 1) throw new Error('damaged');
      return index;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await queue.next()).toBe(0);
    await expect(queue.next()).rejects.toThrow('damaged');
  });

  it('have the pixels of a reader that does one thing after the other', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-feeding-'));
    const reader = new TileReader({ cacheBytes: 0, concurrency: 5 });
    try {
      await syntheticJob({ directory, slides: 2, width: 512, height: 384, task: 'cooccurrence', seed: 1 });
      const [name = ''] = (await readdir(join(directory, 'slides'))).filter((file) => /\.tiff?$/.test(file));
      const slide = join(directory, 'slides', name);
      const corners = Array.from({ length: 12 }, (_, index) => [
        (index % 4) * 100 + 7,
        Math.floor(index / 4) * 90 + 3,
      ]);
      const read = (shard: number): Promise<Uint8Array> =>
        reader.read({
          slide,
          patches: { size: 64, level: 0 },
          coordinates: Int32Array.from(corners.slice(2 * shard, 2 * shard + 2).flat()),
        });
      const queue = new ShardQueue(deep(), 6, read);
      const ahead: string[] = [];
      for (let tiles = await queue.next(); tiles !== undefined; tiles = await queue.next()) {
        ahead.push(sha256(tiles));
      }
      const alone: string[] = [];
      for (let shard = 0; shard < 6; shard++) alone.push(sha256(await read(shard)));
      expect(new Set(alone).size).toBe(6);
      expect(ahead).toEqual(alone);
    } finally {
      await reader.close();
      await rm(directory, { recursive: true, force: true });
    }
  }, 120_000);

  it('are none of none', async () => {
    const queue = new ShardQueue<number>(deep(), 0, () => Promise.reject(new Error('nothing to read')));
    await queue.ready();
    expect(await queue.next()).toBeUndefined();
  });
});

describe('the threads of a process that reads', () => {
  const module = new URL('./thread-pool.ts', import.meta.url).href;
  const program = `await import("${module}"); process.stdout.write(process.env.UV_THREADPOOL_SIZE);`;
  const run = async (environment: NodeJS.ProcessEnv): Promise<string> => {
    const args = ['--no-warnings', '--input-type=module', '-e', program];
    return (await promisify(execFile)(process.execPath, args, { env: environment })).stdout;
  };

  it('are as many as decode at most, and some for files', async () => {
    expect([1, 2, 8, 64].map(threadsOfPool)).toEqual([4, 4, 10, 66]);
    const environment = { ...process.env };
    delete environment['UV_THREADPOOL_SIZE'];
    expect(await run(environment)).toBe(String(threadsOfPool(availableParallelism())));
  });

  it('are those that the user asks for', async () => {
    expect(await run({ ...process.env, UV_THREADPOOL_SIZE: '3' })).toBe('3');
  });
});
