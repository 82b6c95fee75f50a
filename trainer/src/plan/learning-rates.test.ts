import { describe, expect, it } from '@jest/globals';
import { parameterLayout, type Network } from '@wsi-operator/engine';
import { rateRanges } from './learning-rates.ts';

const network = (name: 'tiny' | 'resnet18'): Network => ({
  encoder: { name },
  aggregator: { name: 'attention', hidden: 8 },
  tileSize: 64,
});

function factors(name: 'tiny' | 'resnet18', training: Parameters<typeof rateRanges>[1]): Map<string, number> {
  const layout = parameterLayout(network(name));
  const head = { name: 'head.output.weight', offset: layout.length, length: 4 };
  const tensors = [...layout.tensors, head];
  const ranges = rateRanges(tensors, training);
  return new Map(
    tensors.map(({ name: of, offset }) => [
      of,
      ranges.find(({ start, end }) => start <= offset && offset < end)?.factor ?? 1,
    ]),
  );
}

describe('the factors of the learning rate', () => {
  it('are 1 everywhere, without a range, by default', () => {
    expect(rateRanges(parameterLayout(network('resnet18')).tensors, {})).toEqual([]);
  });

  it('follow the part, the depth of the encoder, and what is frozen', () => {
    const learningRates = { encoder: 0.5, aggregator: 2, head: 3, layerDecay: 0.5 };
    const of = factors('resnet18', { learningRates, freeze: 2 });
    expect(of.get('encoder.conv1.weight')).toBe(0);
    expect(of.get('encoder.bn1.bias')).toBe(0);
    expect(of.get('encoder.layer1.1.conv2.weight')).toBe(0);
    expect(of.get('encoder.layer2.0.conv1.weight')).toBe(0.5 * 0.5 ** 3);
    expect(of.get('encoder.layer4.1.bn2.weight')).toBe(0.25);
    expect(of.get('attention.V.weight')).toBe(2);
    expect(of.get('head.output.weight')).toBe(3);
  });

  it('join neighbours, and refuse more stages than there are', () => {
    const { tensors } = parameterLayout(network('tiny'));
    const encoder = tensors.filter(({ name }) => name.startsWith('encoder.'));
    const end = encoder.at(-1)!.offset + encoder.at(-1)!.length;
    expect(rateRanges(tensors, { freeze: 4 })).toEqual([{ start: 0, end, factor: 0 }]);
    expect(() => rateRanges(tensors, { freeze: 5 })).toThrow('the encoder has 4 stages, not 5');
  });
});
