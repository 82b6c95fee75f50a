import { describe, expect, it } from '@jest/globals';
import { embeddingSize, type Network } from './network.ts';
import { initialParameters, parameterLayout } from './parameters.ts';

const tiny: Network = {
  encoder: { name: 'tiny' },
  aggregator: { name: 'attention', hidden: 64 },
  tileSize: 64,
};
const resnet18: Network = { encoder: { name: 'resnet18' }, aggregator: { name: 'mean' }, tileSize: 224 };

describe('parameterLayout', () => {
  it.each([tiny, resnet18])('fills the vector without gaps, under unique names', (network) => {
    const { tensors, length } = parameterLayout(network);
    let offset = 0;
    for (const tensor of tensors) {
      expect(tensor.offset).toBe(offset);
      expect(tensor.length).toBe(tensor.shape.reduce((product, size) => product * size, 1));
      offset += tensor.length;
    }
    expect(length).toBe(offset);
    expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
  });

  it('has the sizes of the published networks', () => {
    // torchvision's resnet18 has 11,689,512 parameters with its classifier of 512 x 1000 + 1000.
    expect(parameterLayout(resnet18).length).toBe(11_689_512 - 513_000);
    expect(parameterLayout({ ...tiny, aggregator: { name: 'mean' } }).length).toBe(97_680);
    expect(embeddingSize(resnet18)).toBe(512);
  });

  it('applies weight decay to weights only', () => {
    const decayed = parameterLayout(tiny).tensors.filter(({ decay }) => decay);
    expect(decayed.map(({ name }) => name)).toEqual([
      ...['stem', 'stage1', 'stage2', 'stage3'].map((block) => `encoder.${block}.conv.weight`),
      ...['V', 'U', 'score'].map((layer) => `attention.${layer}.weight`),
    ]);
  });

  it('aligns every tensor of the presets, so that TensorFlow uses the vector in place', () => {
    for (const network of [tiny, resnet18]) {
      for (const { offset } of parameterLayout(network).tensors) expect(offset % 16).toBe(0);
    }
  });

  it.each([
    [{ ...tiny, tileSize: 70 }, 'a multiple of 16'],
    [{ ...tiny, tileSize: 16 }, '28 or more'],
    [{ ...resnet18, tileSize: 48 }, 'a multiple of 32'],
    [{ ...tiny, encoder: { name: 'vit' } } as unknown as Network, 'Choose tiny'],
    [{ ...tiny, aggregator: { name: 'attention' as const, hidden: 0 } }, 'aggregator.hidden'],
    [{ ...tiny, aggregator: { name: 'sum' } } as unknown as Network, 'Choose attention'],
  ])('refuses a network that cannot be built', (network, message) => {
    expect(() => parameterLayout(network)).toThrow(message);
  });
});

describe('initialParameters', () => {
  it('depend only on the seed, tensor by tensor', () => {
    const first = (values: Float32Array): number[] => [...values.subarray(0, 1000)];
    const mean = initialParameters({ ...tiny, aggregator: { name: 'mean' } }, 5);
    const attention = initialParameters(tiny, 5);
    expect(Buffer.compare(bytes(attention.subarray(0, mean.length)), bytes(mean))).toBe(0);
    expect(Buffer.compare(bytes(initialParameters(tiny, 5)), bytes(attention))).toBe(0);
    expect(first(initialParameters(tiny, 6))).not.toEqual(first(attention));
  });

  it("have He's variance, and constants for gains and biases", () => {
    const values = initialParameters(tiny, 1);
    const { tensors } = parameterLayout(tiny);
    const part = (name: string): number[] => {
      const { offset, length } = tensors.find((tensor) => tensor.name === name)!;
      return [...values.subarray(offset, offset + length)];
    };
    const weights = part('encoder.stage3.conv.weight');
    const variance = weights.reduce((sum, value) => sum + value * value, 0) / weights.length;
    expect(variance * 9 * 64).toBeCloseTo(2, 1);
    expect(new Set(part('encoder.stem.norm.weight'))).toEqual(new Set([1]));
    expect(new Set(part('attention.V.bias'))).toEqual(new Set([0]));
  });

  it.each([
    ['resnet18', 'encoder.layer1.0.conv1.weight', 0],
    ['efficientnet_lite0', 'encoder.blocks.0.0.conv_dw.weight', 1],
  ] as const)('of %s: the kernels of %s sum to %d', (name, tensor, expected) => {
    const network = { ...resnet18, encoder: { name } };
    const { shape, offset, length } = parameterLayout(network).tensors.find((of) => of.name === tensor)!;
    const outputs = shape.at(-1)!;
    const weights = initialParameters(network, 1).subarray(offset, offset + length);
    const sums = Array.from({ length: outputs }, (_, output) =>
      weights.reduce((sum, weight, index) => (index % outputs === output ? sum + weight : sum), 0),
    );
    expect(sums.filter((sum) => !(Math.abs(sum - expected) < 1e-4))).toEqual([]);
    expect(new Set(weights).size).toBeGreaterThan(length / 2);
  });
});

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
