/** Every encoder of the table keeps what the definition of the job says of it. No TensorFlow: shapes only. */
import { describe, expect, it } from '@jest/globals';
import { ENCODERS, type EncoderName } from '@wsi-operator/api';
import { Graph, type Value } from '../../graph/graph.ts';
import { Tape } from '../../graph/tape.ts';
import { convolve } from '../../graph/layers.ts';
import { encoders } from './index.ts';
import type { PublishedTensor } from './published.ts';
import { type Colours, normalisedTiles } from './tiles.ts';

const names = Object.keys(ENCODERS) as EncoderName[];
/** A multiple of every stride. */
const TILE = 224;
/** Places of a square grid that is not the tile's. */
const FREE = 25;

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

  it.each([28, 64, 100])('maps tiles of at least %i pixels to one embedding each', (least) => {
    const graph = new Graph();
    const side = Math.ceil(least / stride) * stride;
    const tape = new Tape(graph);
    const pixels = graph.placeholder('tiles', 'uint8', [null, side, side, 3]);
    const tiles = normalisedTiles(tape, pixels, encoder.normalisation);
    const shapes = new Map(encoder.parameters(side).map(({ name: of, shape }) => [of, shape]));
    const used = new Map<string, Value>();
    const embeddings = encoder.forward(
      tape,
      (of) => {
        const value = graph.placeholder(`${of}/${used.size}`, 'float32', shapes.get(of) ?? []);
        used.set(of, value);
        return value;
      },
      tiles,
    );
    expect(embeddings.shape).toEqual([null, encoder.embeddingSize]);
    expect([...used.keys()].sort()).toEqual([...shapes.keys()].sort());
  });

  it('names its parameters with its own prefix', () => {
    const parameters = encoder.parameters(TILE).map(({ name: of }) => of);
    expect(parameters.every((of) => of.startsWith('encoder.'))).toBe(true);
    expect(new Set(parameters).size).toBe(parameters.length);
  });

  it('gets each parameter once from published weights, with as many elements', () => {
    const shapes = new Map(encoder.parameters(TILE).map(({ name: of, shape }) => [of, shape]));
    for (const { conversions, ignored } of encoder.published(TILE)) {
      expect(conversions.map(({ parameter }) => parameter).sort()).toEqual([...shapes.keys()].sort());
      const seen = new Set<string>();
      for (const { parameter, from, convert } of conversions) {
        // Blocks are alike, and the large ones have millions of elements.
        const kind = `${parameter.replace(/\d+/g, '')} ${JSON.stringify(from.map(({ shape }) => shape))}`;
        if (seen.has(kind)) continue;
        seen.add(kind);
        const examples = (free: number): PublishedTensor[] =>
          from.map(({ shape }) => {
            const sides = shape.map((side) => side ?? free);
            return { shape: sides, values: new Float32Array(product(sides)).fill(0.5) };
          });
        // A length that is free is that of a square grid, with or without a place for the class.
        const values = firstOf(
          () => convert(...examples(FREE)),
          () => convert(...examples(FREE + 1)),
        );
        expect(values.length).toBe(product(shapes.get(parameter)!));
        expect([values.at(0), values.at(-1)].every((value) => Number.isFinite(value))).toBe(true);
      }
      const needed = conversions.flatMap(({ from }) => from.map(({ name: of }) => of));
      expect(needed.filter((of) => ignored.some((pattern) => pattern.test(of)))).toEqual([]);
    }
  });

  it('has published weights exactly if the definition of the job says so', () => {
    expect(encoder.published(TILE).length > 0).toBe(ENCODERS[name].hasWeights);
  });
});

/** The result of the second where the first throws. */
function firstOf<T>(first: () => T, second: () => T): T {
  try {
    return first();
  } catch {
    return second();
  }
}

function product(shape: readonly number[]): number {
  return shape.reduce((elements, side) => elements * side, 1);
}
