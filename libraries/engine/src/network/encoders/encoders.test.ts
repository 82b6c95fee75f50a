/** Every encoder of the table keeps what the definition of the job says of it. No TensorFlow: shapes only. */
import { describe, expect, it } from '@jest/globals';
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { cast } from '../../graph/arithmetic.ts';
import { Graph } from '../../graph/graph.ts';
import { Tape } from '../../graph/tape.ts';
import { encoders } from './index.ts';

const names = Object.keys(ENCODERS) as EncoderName[];

describe('the table of encoders', () => {
  it('has another encoder under each name', () => {
    expect(new Set(Object.values(encoders)).size).toBe(names.length);
  });
});

describe.each(names)('encoder %s', (name) => {
  const { stride } = ENCODERS[name];
  const encoder = encoders[name];

  it.each([2, 3, 7])('maps a tile of %i strides to as many features per side', (strides) => {
    const graph = new Graph();
    const side = strides * stride;
    const tiles = cast(graph, graph.placeholder('tiles', 'uint8', [null, side, side, 3]), graph.floatType);
    const shapes = new Map(encoder.parameters().map(({ name: of, shape }) => [of, shape]));
    const used = new Set<string>();
    const features = encoder.forward(
      new Tape(graph),
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
});
