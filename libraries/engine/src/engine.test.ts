import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Engine, type ParameterSet } from './engine.ts';
import { embeddingSize, type Network } from './network/network.ts';
import { parameterLayout } from './network/parameters.ts';
import { exampleBag, exampleTiles, randomVector } from './testing/example-bag.ts';

const network: Network = {
  encoder: { name: 'tiny' },
  aggregator: { name: 'attention', hidden: 16 },
  tileSize: 32,
};
const d = embeddingSize(network);
const bag = exampleBag(network, 8);
const tileBytes = 32 * 32 * 3;
const bagCotangent = {
  bagGradient: randomVector(d, 1),
  bagEmbedding: randomVector(d, 2),
  logSumExp: Math.log(8),
};
const bits = (array: Float32Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

describe('Engine', () => {
  let engine: Engine;
  let parameters: ParameterSet;

  beforeAll(async () => {
    engine = await Engine.start({ network, threads: 1 });
    parameters = engine.loadParameters(0, bag.parameters);
  });
  afterAll(() => engine.close());

  it('embeds any number of tiles alike, one by one or all at once', async () => {
    const all = await engine.embed(parameters, bag.tiles, 8);
    expect([all.embeddings.length, all.attention.length]).toEqual([8 * d, 8]);
    const one = await engine.embed(parameters, bag.tiles.subarray(3 * tileBytes, 4 * tileBytes), 1);
    for (let i = 0; i < d; i++) expect(one.embeddings[i]).toBeCloseTo(all.embeddings[3 * d + i]!, 5);
    expect(one.attention[0]).toBeCloseTo(all.attention[3]!, 5);
  });

  it('gives the same bits whatever else it computes and however the data was passed', async () => {
    const shared = new Float32Array(new SharedArrayBuffer(bag.parameters.byteLength));
    shared.set(bag.parameters);
    const other = engine.loadParameters('shared', shared);
    const first = await engine.attentionGradient(parameters, bag.tiles, 8, bagCotangent);
    const [, again] = await Promise.all([
      engine.embed(parameters, exampleTiles(32, 5, 9), 5),
      engine.attentionGradient(other, bag.tiles, 8, bagCotangent),
    ]);
    engine.release(other);
    expect(bits(again)).toBe(bits(first));
  });

  it('keeps the parameters of a call until they are released, and no longer', async () => {
    const changed = engine.loadParameters(
      1,
      bag.parameters.map((value) => value * 1.5),
    );
    const before = await engine.embed(parameters, bag.tiles, 8);
    const late = engine.embed(changed, bag.tiles, 8);
    engine.release(changed);
    expect(bits((await late).embeddings)).not.toBe(bits(before.embeddings));
    expect(bits((await engine.embed(parameters, bag.tiles, 8)).embeddings)).toBe(bits(before.embeddings));
    await expect(engine.embed(changed, bag.tiles, 8)).rejects.toThrow('are not loaded');
  });

  it('leaves the event loop of its caller free during a call', async () => {
    const tiles = exampleTiles(32, 512);
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await engine.attentionGradient(parameters, tiles, 512, bagCotangent);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(10);
  });

  it('names the tensor of a non-finite gradient, and the tile of a non-finite embedding', async () => {
    const broken = bag.parameters.slice();
    const bias = parameterLayout(network).tensors.find(({ name }) => name === 'attention.U.bias')!;
    broken[bias.offset] = Number.NaN;
    const set = engine.loadParameters('broken', broken);
    await expect(engine.attentionGradient(set, bag.tiles, 8, bagCotangent)).rejects.toMatchObject({
      code: 'Diverged',
      message: expect.stringMatching(/not finite: NaN in encoder\.stem\.conv\.weight.*learning rate/),
    });
    await expect(engine.embed(set, bag.tiles, 8)).rejects.toThrow('attention score of tile 0');
    engine.release(set);
    // The engine goes on.
    await engine.embed(parameters, bag.tiles, 8);
  });

  it('refuses sizes that do not fit', async () => {
    await expect(engine.embed(parameters, bag.tiles, 7)).rejects.toThrow(
      '24576 values were given where 21504',
    );
    await expect(engine.embed(parameters, new Uint8Array(0), 0)).rejects.toThrow('A shard of 0 tiles');
    expect(() => engine.loadParameters(0, new Float32Array(3))).toThrow('parameters: 3 values');
    const cotangent = new Float32Array(d);
    await expect(engine.embeddingGradient(parameters, bag.tiles, 8, cotangent)).rejects.toThrow('cotangent');
  });

  it('refuses a different number of threads in the same process', async () => {
    await expect(Engine.start({ network, threads: 3 })).rejects.toMatchObject({
      code: 'EngineFailed',
      message: expect.stringContaining('TensorFlow is loaded with 1 thread(s) on the cpu'),
    });
    await expect(Engine.start({ network, threads: 0 })).rejects.toThrow('threads: TensorFlow cannot use 0');
  });

  it('measures its time and leaks no tensor of a call', async () => {
    const before = engine.statistics();
    for (let call = 0; call < 20; call++) {
      const set = engine.loadParameters(call, bag.parameters);
      await engine.attentionGradient(set, bag.tiles, 8, bagCotangent);
      engine.release(set);
    }
    await engine.embed(parameters, bag.tiles, 8);
    const after = engine.statistics();
    expect(after.parameterSets).toBe(1);
    expect(after.backwardSeconds).toBeGreaterThan(before.backwardSeconds);
    expect(after.forwardSeconds).toBeGreaterThan(before.forwardSeconds);
  });

  it('does not grow in memory', async () => {
    const calls = async (count: number): Promise<number> => {
      for (let call = 0; call < count; call++) {
        await engine.attentionGradient(parameters, bag.tiles, 8, bagCotangent);
        await engine.embed(parameters, bag.tiles, 8);
      }
      return process.memoryUsage.rss();
    };
    // 200 calls return 85 MB of gradients: a leak of them shows in every round, late garbage collection not in all.
    const sizes = [await calls(200)];
    for (let round = 0; round < 3; round++) sizes.push(await calls(200));
    const growth = sizes.slice(1).map((size, round) => size - sizes[round]!);
    expect(Math.min(...growth)).toBeLessThan(40e6);
  });

  it('finishes pending calls before it closes, and refuses later ones', async () => {
    const other = await Engine.start({ network, threads: 1 });
    const set = other.loadParameters(0, bag.parameters);
    const [embedded] = await Promise.all([other.embed(set, bag.tiles, 8), other.close(), other.close()]);
    expect(embedded.embeddings.length).toBe(8 * d);
    await expect(other.embed(set, bag.tiles, 8)).rejects.toThrow('The engine is closed');
  });
});

describe('a process with an engine', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-engine-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(['await engine.close();', 'process.exit(0);'])('ends without a fault after `%s`', async (end) => {
    const program = join(directory, 'program.mjs');
    await writeFile(
      program,
      `import { Engine } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const engine = await Engine.start({ network: ${JSON.stringify(network)}, threads: 1 });
      ${end}`,
    );
    // Rejects when the process ends with another code than 0, or by a signal.
    await promisify(execFile)(process.execPath, ['--no-warnings', program]);
  });
});

describe('the computation', () => {
  it('gives the same bits in every process, with the given number of TensorFlow threads', async () => {
    const program = new URL('./testing/gradient-digest.ts', import.meta.url).pathname;
    const digest = async (threads: number): Promise<string> => {
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--no-warnings',
        program,
        String(threads),
      ]);
      return stdout;
    };
    const [first, second, two] = await Promise.all([digest(1), digest(1), digest(2)]);
    expect(second).toBe(first);
    // Two threads share the sums of a convolution in another way. Were the setting lost, the bits would be the same.
    expect(two).toMatch(/^[0-9a-f]{64}$/);
    expect(two).not.toBe(first);
  });
});
