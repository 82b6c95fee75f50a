/**
 * A body inside a graph: the flat parameter vector cut into tensors, embeddings and scores, and flat gradients.
 *
 * Shapes: n tiles of a shard, as many as a call brings; d the length of an embedding; length the elements of the flat
 * vector, encoder and aggregator together, 0 where neither has any.
 */
import { cast, concatenate, reshape, slice } from '../graph/arithmetic.ts';
import { elements, type Graph, type Value } from '../graph/graph.ts';
import { Tape } from '../graph/tape.ts';
import { inputOf } from './input.ts';
import { aggregatorOf, type Network } from './network.ts';
import { parameterLayout } from './parameters.ts';

export interface Body {
  readonly tape: Tape;
  /** Embeddings [n, d]. */
  readonly embeddings: Value;
  /** Raw scores [n]; undefined where the aggregator has none. */
  readonly scores: Value | undefined;
  /** Writes the flat gradient [length] of sum_k <cotangent_k, value_k>; zeros where nothing depends on a parameter. */
  flatGradient(seeds: readonly { readonly value: Value; readonly cotangent: Value }[]): Value;
}

/** @param parameters the flat vector [layout.length]; @param tiles as `inputOf` says */
export function writeBody(graph: Graph, network: Network, parameters: Value, tiles: Value): Body {
  const { tensors, length } = parameterLayout(network);
  const tape = new Tape(graph);
  const flat = cast(graph, parameters, graph.floatType);
  const values = tensors.map((tensor) =>
    reshape(graph, slice(graph, flat, tensor.offset, tensor.length), tensor.shape),
  );
  const byName = new Map(tensors.map((tensor, index) => [tensor.name, values[index]!]));
  const parameter = (name: string): Value => {
    const value = byName.get(name);
    if (value === undefined) throw new Error(`the layout has no parameter "${name}"`);
    return value;
  };
  const embeddings = inputOf(network).embeddings(tape, parameter, tiles);
  const scores = aggregatorOf(network.aggregator).scores?.(tape, parameter, embeddings);
  return {
    tape,
    embeddings,
    scores,
    flatGradient(seeds) {
      if (values.length === 0) return zeros(graph, flat);
      const gradients = tape.gradients(seeds, values);
      const parts = values.map((value, index) => flatten(graph, gradients[index] ?? zeros(graph, value)));
      return concatenate(graph, parts, length);
    },
  };
}

function flatten(graph: Graph, value: Value): Value {
  return value.shape.length === 1 ? value : reshape(graph, value, [elements(value.shape)]);
}

function zeros(graph: Graph, like: Value): Value {
  return graph.typed('ZerosLike', [like], like.shape);
}
