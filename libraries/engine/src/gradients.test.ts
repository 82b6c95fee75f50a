/** The gradients against the whole bag in one graph, tfjs' own tape, and finite differences in float64. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AGGREGATORS, ENCODERS, type AggregatorName } from '@wsi-operator/api';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Engine } from './engine.ts';
import { aggregatorSettings, embeddingSize, type TileNetwork } from './network/network.ts';
import { parameterLayout } from './network/parameters.ts';
import type { EagerTapeAnswer, EagerTapeRequest } from './testing/eager-tape.ts';
import { exampleBag, randomVector, relativeError, twoPassGradient } from './testing/example-bag.ts';
import { WholeBagReference } from './testing/whole-bag.ts';

const THREADS = 1;
/** Relative, in the Euclidean norm. */
const TOLERANCE = 1e-5;
/** Of a single tensor, both sides in float32: resnet18's embeddings are large and saturate the gate of attention. */
const tensorTolerance = (encoder: string): number => (encoder === 'resnet18' ? 3e-5 : TOLERANCE);

const attention: TileNetwork = {
  encoder: { name: 'tiny' },
  aggregator: { name: 'attention', hidden: 16 },
  tileSize: 32,
};
const cases: { name: string; network: TileNetwork; tiles: number; shard: number }[] = [
  { name: 'tiny, attention', network: attention, tiles: 23, shard: 8 },
  // Every other aggregator that a job may choose, as the weighted mean that its scores make.
  ...(Object.keys(AGGREGATORS) as AggregatorName[])
    .filter((name) => name !== 'attention')
    .map((name) => ({
      name: `tiny, ${name}`,
      network: { ...attention, aggregator: aggregatorSettings({ name, hidden: 16 }) },
      tiles: 11,
      shard: 8,
    })),
  // The other encoders are compared with PyTorch's gradients (parity.test.ts): in float64, and for whole bags, they take long.
  ...(['tiny', 'resnet18'] as const).map((name) => {
    const { stride } = ENCODERS[name];
    const tileSize = Math.ceil(32 / stride) * stride;
    return {
      name: `${name}, attention, few tiles`,
      network: { ...attention, encoder: { name }, tileSize },
      tiles: 5,
      shard: 2,
    };
  }),
];

describe.each(cases)('the gradient of shards of $shard ($name)', ({ network, tiles, shard }) => {
  const bag = exampleBag(network, tiles);
  const bagGradient = randomVector(embeddingSize(network), 3);
  const { tensors } = parameterLayout(network);
  let engine: Engine;
  let single: WholeBagReference;
  let double: WholeBagReference;
  let twoPass: Awaited<ReturnType<typeof twoPassGradient>>;

  beforeAll(async () => {
    engine = await Engine.start({ network, threads: THREADS });
    single = await WholeBagReference.start({ network, threads: THREADS });
    double = await WholeBagReference.start({ network, threads: THREADS, precision: 'float64' });
    twoPass = await twoPassGradient(engine, bag, bagGradient, shard);
  });
  afterAll(() => Promise.all([engine.close(), single.close(), double.close()]));

  it('equals backpropagation through the whole bag in one graph, tensor by tensor', async () => {
    const gradient = await single.gradient(bag, bagGradient);
    expect(relativeError(twoPass.bagEmbedding, await single.embed(bag))).toBeLessThan(TOLERANCE);
    const errors = tensors.map(({ name, offset, length }) => {
      const part = (vector: Float32Array): Float32Array => vector.subarray(offset, offset + length);
      return { name, error: relativeError(part(twoPass.gradient), part(gradient)) };
    });
    expect(errors.filter(({ error }) => !(error < tensorTolerance(network.encoder.name)))).toEqual([]);
  });

  it('equals the gradient of the whole bag in float64', async () => {
    const gradient = await double.gradient(bag, bagGradient);
    expect(relativeError(twoPass.gradient, gradient)).toBeLessThan(TOLERANCE);
  });

  it('agrees with finite differences in float64', async () => {
    const gradient = await double.gradient(bag, bagGradient);
    for (const seed of [1, 2]) {
      const direction = randomVector(gradient.length, 100 + seed);
      const slope = await double.slope(bag, { bagGradient, direction, step: 1e-8 });
      const expected = gradient.reduce((sum, value, index) => sum + value * direction[index]!, 0);
      expect(Math.abs(slope - expected)).toBeLessThan(1e-5 * Math.abs(expected));
    }
  });
});

describe('the plain vector-Jacobian product', () => {
  it('summed over shards is the gradient of the mean embedding', async () => {
    const network: TileNetwork = { ...attention, aggregator: { name: 'instance' } };
    const bag = exampleBag(network, 11);
    const d = embeddingSize(network);
    const bagGradient = randomVector(d, 4);
    const engine = await Engine.start({ network, threads: THREADS });
    const reference = await WholeBagReference.start({ network, threads: THREADS });
    const set = engine.loadParameters(1, bag.parameters);
    const cotangent = Float32Array.from({ length: bag.n * d }, (_, i) => bagGradient[i % d]! / bag.n);
    const tileBytes = bag.tiles.length / bag.n;
    const shares = await Promise.all(
      [
        [0, 8],
        [8, 11],
      ].map(([from = 0, to = 0]) =>
        engine.embeddingGradient(
          set,
          bag.tiles.subarray(from * tileBytes, to * tileBytes),
          to - from,
          cotangent.subarray(from * d, to * d),
        ),
      ),
    );
    const sum = shares[0]!.map((value, index) => value + shares[1]![index]!);
    expect(relativeError(sum, await reference.gradient(bag, bagGradient))).toBeLessThan(3e-6);
    await Promise.all([engine.close(), reference.close()]);
  });

  it('is zero for the parameters of the aggregator', async () => {
    const bag = exampleBag(attention, 2);
    const engine = await Engine.start({ network: attention, threads: THREADS });
    const set = engine.loadParameters(1, bag.parameters);
    const cotangent = randomVector(2 * embeddingSize(attention), 5);
    const gradient = await engine.embeddingGradient(set, bag.tiles, 2, cotangent);
    const start = parameterLayout(attention).tensors.find(
      ({ name }) => name === 'attention.V.weight',
    )!.offset;
    expect(gradient.subarray(start).every((value) => value === 0)).toBe(true);
    expect(gradient.subarray(0, start).some((value) => value !== 0)).toBe(true);
    await engine.close();
  });
});

describe("tfjs' own operations and tape", () => {
  it('give the same embedding and gradient of the whole bag', async () => {
    const bag = exampleBag(attention, 23);
    const bagGradient = randomVector(embeddingSize(attention), 3);
    const engine = await Engine.start({ network: attention, threads: THREADS });
    const twoPass = await twoPassGradient(engine, bag, bagGradient, 8);
    await engine.close();
    const answer = await eagerTape({ network: attention, bag, bagGradient });
    expect(relativeError(twoPass.bagEmbedding, answer.bagEmbedding)).toBeLessThan(3e-6);
    expect(relativeError(twoPass.gradient, answer.gradient)).toBeLessThan(TOLERANCE);
  });
});

async function eagerTape(request: EagerTapeRequest): Promise<EagerTapeAnswer> {
  const program = new URL('./testing/eager-tape.ts', import.meta.url).pathname;
  const child = fork(program, {
    serialization: 'advanced',
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.send(request);
  const [answer] = (await once(child, 'message')) as [EagerTapeAnswer];
  return answer;
}
