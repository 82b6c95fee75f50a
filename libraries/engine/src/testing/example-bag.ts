/** Support for tests: tiles with texture, parameters away from their first values, and the two passes over shards. */
import { RandomStream } from '@wsi-operator/foundation';
import type { Engine } from '../engine.ts';
import type { TileNetwork } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { WholeBag } from './whole-bag.ts';

/** A bag of `n` tiles, each with its own colours, stripes and noise, and parameters that all differ from 0 and 1. */
export function exampleBag(network: TileNetwork, n: number, seed = 1): WholeBag {
  return { parameters: exampleParameters(network, seed), tiles: exampleTiles(network.tileSize, n, seed), n };
}

function exampleParameters(network: TileNetwork, seed: number): Float32Array {
  const { tensors, length } = parameterLayout(network);
  const values = new Float32Array(length);
  const draw = uniform(seed);
  for (const { name, shape, offset, length: count } of tensors) {
    const inputs = count / shape.at(-1)!;
    // He's variance for convolutions; so much for attention that the scores differ; gains around 1, biases around 0.
    const [centre, width] =
      shape.length > 1
        ? [0, Math.sqrt((name.startsWith('attention.') ? 30 : 6) / inputs)]
        : [name.endsWith('.weight') ? 1 : 0, 0.3];
    for (let index = offset; index < offset + count; index++) values[index] = centre + width * draw();
  }
  return values;
}

/**
 * Uniform numbers in [-1, 1) by xorshift (Marsaglia, 2003): as good as a test needs, and, unlike the random streams,
 * without calls of globals, which are slow inside Jest.
 */
function uniform(seed: number): () => number {
  let state = seed * 2654435769 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2147483648;
  };
}

export function exampleTiles(size: number, n: number, seed = 1): Uint8Array {
  const stream = new RandomStream(seed, 'example/tiles');
  const tiles = new Uint8Array(n * size * size * 3);
  let index = 0;
  for (let tile = 0; tile < n; tile++) {
    const colours = [0, 1, 2].map(() => 60 + stream.integer(120));
    const period = 2 + stream.integer(14);
    // Contrasts from none to saturation: tiles that are all alike leave nothing but rounding in attention's gradient.
    const amplitude = stream.integer(120);
    const grain = 1 + stream.integer(90);
    for (let pixel = 0; pixel < size * size; pixel++) {
      const wave = amplitude * Math.sin(((pixel % size) + 2 * Math.floor(pixel / size)) / period);
      const noise = stream.integer(grain);
      for (const colour of colours) tiles[index++] = Math.min(255, Math.max(0, colour + wave + noise));
    }
  }
  return tiles;
}

/** A bag's gradient by the two passes: embed every shard, merge, then sum the shards' gradients. */
export async function twoPassGradient(
  engine: Engine,
  { parameters, tiles, n }: WholeBag,
  bagGradient: Float32Array,
  shardSize: number,
): Promise<{ bagEmbedding: Float32Array; gradient: Float32Array }> {
  const set = engine.loadParameters('example', parameters);
  const tileBytes = tiles.length / n;
  const shards = Array.from({ length: Math.ceil(n / shardSize) }, (_, shard) => {
    const count = Math.min(shardSize, n - shard * shardSize);
    const start = shard * shardSize * tileBytes;
    return { tiles: tiles.subarray(start, start + count * tileBytes), count };
  });
  const embedded = await Promise.all(shards.map((shard) => engine.embed(set, shard.tiles, shard.count)));
  const embeddings = embedded.flatMap((shard) => [...shard.embeddings]);
  const scores = embedded.flatMap((shard) => [...shard.attention]);
  const d = embeddings.length / n;
  const highest = Math.max(...scores);
  const logSumExp = highest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - highest), 0));
  const bagEmbedding = Float32Array.from({ length: d }, (_, component) =>
    scores.reduce((sum, score, i) => sum + Math.exp(score - logSumExp) * embeddings[i * d + component]!, 0),
  );
  const bag = { bagGradient, bagEmbedding, logSumExp };
  const parts = await Promise.all(
    shards.map((shard) => engine.attentionGradient(set, shard.tiles, shard.count, bag)),
  );
  engine.release(set);
  const gradient = new Float32Array(parameters.length);
  for (const part of parts) {
    for (let index = 0; index < gradient.length; index++) gradient[index]! += part[index]!;
  }
  return { bagEmbedding, gradient };
}

/** |a - b| / |b|, Euclidean. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < b.length; index++) {
    difference += (a[index]! - b[index]!) ** 2;
    norm += b[index]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

export function randomVector(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  const draw = uniform(seed);
  for (let index = 0; index < length; index++) values[index] = draw();
  return values;
}
