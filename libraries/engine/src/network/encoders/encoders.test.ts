/** Every encoder of the table keeps what the definition of the job says of it. No TensorFlow: shapes only. */
import { describe, expect, it } from '@jest/globals';
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { Graph } from '../../graph/graph.ts';
import { Tape } from '../../graph/tape.ts';
import { convolve } from '../../graph/layers.ts';
import { encoders } from './index.ts';
import { type Colours, normalisedTiles } from './tiles.ts';

const names = Object.keys(ENCODERS) as EncoderName[];

describe('the table of encoders', () => {
  it('has another encoder under each name', () => {
    expect(new Set(Object.values(encoders)).size).toBe(names.length);
  });
});

describe('the normalisation of tiles', () => {
  it('subtracts the mean of each colour and divides the weights by its deviation', () => {
    expect(constants([0.4, 0.5, 0.6], [0.2, 0.25, 0.5])).toEqual([
      { shape: [3], values: [102, 127.5, 153].map(Math.fround) },
      { shape: [3, 1], values: [1 / 51, 1 / 63.75, 1 / 127.5].map(Math.fround) },
    ]);
  });

  it('is one number where the colours agree', () => {
    expect(constants([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])).toEqual([
      { shape: [], values: [127.5] },
      { shape: [], values: [Math.fround(1 / 63.75)] },
    ]);
  });
});

/** What is subtracted from the pixels, and what the weights of a convolution are multiplied by. */
function constants(mean: Colours, std: Colours): unknown[] {
  const graph = new Graph();
  const tape = new Tape(graph);
  const tiles = normalisedTiles(tape, graph.placeholder('tiles', 'uint8', [null, 8, 8, 3]), { mean, std });
  tiles.convolve(convolve, graph.placeholder('weights', 'float32', [3, 3, 3, 4]), 2);
  return ['Sub', 'Mul'].map((operation) => {
    const { inputs } = graph.nodes.find((node) => node.operation === operation)!;
    const { attributes } = graph.nodes.find(({ name }) => name === inputs[1])!;
    const { shape, content } = (
      attributes['value'] as {
        readonly constant: { readonly shape: readonly number[]; readonly content: Uint8Array };
      }
    ).constant;
    return { shape, values: [...new Float32Array(content.slice().buffer)] };
  });
}

describe.each(names)('encoder %s', (name) => {
  const { stride } = ENCODERS[name];
  const encoder = encoders[name];

  it.each([2, 3, 7])('maps a tile of %i strides to as many features per side', (strides) => {
    const graph = new Graph();
    const side = strides * stride;
    const tape = new Tape(graph);
    const pixels = graph.placeholder('tiles', 'uint8', [null, side, side, 3]);
    const tiles = normalisedTiles(tape, pixels, encoder.normalisation);
    const shapes = new Map(encoder.parameters().map(({ name: of, shape }) => [of, shape]));
    const used = new Set<string>();
    const features = encoder.forward(
      tape,
      (of) => {
        used.add(of);
        return graph.placeholder(of.replaceAll('.', '_'), 'float32', shapes.get(of) ?? []);
      },
      tiles,
    );
    expect(features.shape).toEqual([null, strides, strides, encoder.embeddingSize]);
    expect([...used].sort()).toEqual([...shapes.keys()].sort());
  });

  it('names its parameters with its own prefix', () => {
    const parameters = encoder.parameters().map(({ name: of }) => of);
    expect(parameters.every((of) => of.startsWith('encoder.'))).toBe(true);
    expect(new Set(parameters).size).toBe(parameters.length);
  });

  it('gets each parameter once from published weights, with as many elements', () => {
    for (const { conversions, ignored } of encoder.published()) {
      const lengths = encoder.parameters().map(({ name: of, shape }) => [of, product(shape)]);
      const converted = conversions.map(({ parameter, from, convert }) => {
        const tensors = from.map(({ shape }) => {
          const sides = shape.map((side) => side ?? 1);
          return { shape: sides, values: new Float32Array(product(sides)).fill(0.5) };
        });
        const values = convert(...tensors);
        expect(values.every((value) => Number.isFinite(value))).toBe(true);
        return [parameter, values.length];
      });
      expect(Object.fromEntries(converted)).toEqual(Object.fromEntries(lengths));
      expect(converted.length).toBe(lengths.length);
      const needed = conversions.flatMap(({ from }) => from.map(({ name: of }) => of));
      expect(needed.filter((of) => ignored.some((pattern) => pattern.test(of)))).toEqual([]);
    }
  });

  it('has published weights exactly if the definition of the job says so', () => {
    expect(encoder.published().length > 0).toBe(ENCODERS[name].hasWeights);
  });
});

function product(shape: readonly number[]): number {
  return shape.reduce((elements, side) => elements * side, 1);
}
