/**
 * The programs that a worker's engine runs for a shard of tiles, in one graph: both passes of a training step. They share the forward part; a run computes what its outputs need.
 *
 *     tiles ─encoder─► embeddings h [n, d] ─aggregator─► raw scores a [n]        embed, embedWithScores: pass 1
 *       dL/dparameters ◄── through both ◄── of the bag: g = dL/dz, z, log_sum_exp  attentionGradient: pass 2
 *       dL/dparameters ◄── encoder ◄────── of each tile: cotangent = dL/dh         embeddingGradient: pass 2, gathered
 *
 * The bag's embedding is z = sum_i w_i h_i with w_i = exp(a_i - log_sum_exp), over all its tiles; a shard is some n of them.
 * sg(x) is x without a gradient. A cotangent of a value is the loss's derivative by it.
 *
 * Inputs: `tiles` uint8 [n, size, size, 3] (without an encoder embeddings, float32 [n, d]), `parameters` [length], and for the
 * gradients `bag_gradient` [d], `bag_embedding` [d], `log_sum_exp` [], or `cotangent` [n, d]. Outputs: `embeddings` [n, d],
 * `scores` [n], gradients [length] and their squared norms [].
 *
 * Shapes: n tiles of a shard, free, so that nothing is rebuilt for a ragged one; size pixels a side of a tile, 3 colours;
 * d the length of an embedding; length the elements of the flat parameter vector; [] a scalar. All but `tiles` float32.
 */
import { binary, multiplyMatrices, reshape, unary } from '../graph/arithmetic.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { savedModelBytes } from '../graph/messages.ts';
import { writeBody, type Body } from './body.ts';
import { inputOf } from './input.ts';
import { embeddingSize, type Network } from './network.ts';
import { parameterLayout } from './parameters.ts';

export interface Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export const PROGRAMS = {
  embed: { inputs: ['tiles', 'parameters'], outputs: ['embeddings'] },
  embedWithScores: { inputs: ['tiles', 'parameters'], outputs: ['embeddings', 'scores'] },
  attentionGradient: {
    inputs: ['tiles', 'parameters', 'bag_gradient', 'bag_embedding', 'log_sum_exp'],
    outputs: ['attention_gradient', 'attention_gradient_norm'],
  },
  embeddingGradient: {
    inputs: ['tiles', 'parameters', 'cotangent'],
    outputs: ['embedding_gradient', 'embedding_gradient_norm'],
  },
} as const satisfies Record<string, Program>;

export function writePrograms(network: Network): Graph {
  const graph = new Graph();
  const { type, shape } = inputOf(network);
  const d = embeddingSize(network);
  const tiles = graph.placeholder('tiles', type, [null, ...shape]);
  const parameters = graph.placeholder('parameters', 'float32', [parameterLayout(network).length]);
  const body = writeBody(graph, network, parameters, tiles);
  graph.output('embeddings', body.embeddings);
  if (body.scores !== undefined) graph.output('scores', body.scores);
  writeGradient(graph, 'attention_gradient', body.flatGradient(bagSeeds(graph, body, d)));
  const cotangent = graph.placeholder('cotangent', 'float32', [null, d]);
  const seeds = [{ value: body.embeddings, cotangent }];
  writeGradient(graph, 'embedding_gradient', body.flatGradient(seeds));
  return graph;
}

/** The programs as the bytes of a `saved_model.pb`, for TensorFlow in any language. */
export function savedModel(network: Network): Uint8Array {
  return savedModelBytes(writePrograms(network).nodes);
}

/** The gradient, and its squared norm, which is not finite as soon as one element is not. */
function writeGradient(graph: Graph, name: string, gradient: Value): void {
  graph.output(name, gradient);
  graph.output(`${name}_norm`, graph.typed('L2Loss', [gradient], []));
}

/**
 * The shard's share of the bag's loss, sum_i sg(w_i) * (<g, h_i> + sg(<g, h_i - z>) * a_i) with
 * w_i = exp(a_i - logSumExp), as cotangents: w_i g for h_i, and w_i <g, h_i - z> for a_i.
 */
function bagSeeds(
  graph: Graph,
  { embeddings, scores }: Body,
  d: number,
): { value: Value; cotangent: Value }[] {
  const bagGradient = graph.placeholder('bag_gradient', 'float32', [d]);
  const bagEmbedding = graph.placeholder('bag_embedding', 'float32', [d]);
  const logSumExp = graph.placeholder('log_sum_exp', 'float32', []);
  const [n = null] = embeddings.shape;
  const row = reshape(graph, bagGradient, [1, d]);
  if (scores === undefined) {
    const ones = graph.typed('OnesLike', [reduceToColumn(graph, embeddings)], [n, 1]);
    const weight = unary(graph, 'Exp', unary(graph, 'Neg', logSumExp));
    return [{ value: embeddings, cotangent: outer(graph, binary(graph, 'Mul', [ones, weight]), row) }];
  }
  const weights = unary(graph, 'Exp', binary(graph, 'Sub', [scores, logSumExp]));
  const deviations = binary(graph, 'Sub', [embeddings, bagEmbedding]);
  const column = reshape(graph, bagGradient, [d, 1]);
  const inner = reshape(graph, multiplyMatrices(graph, [deviations, column]), [n]);
  return [
    { value: embeddings, cotangent: outer(graph, reshape(graph, weights, [n, 1]), row) },
    { value: scores, cotangent: binary(graph, 'Mul', [weights, inner]) },
  ];
}

/** [n, 1] of anything, for its shape. */
function reduceToColumn(graph: Graph, embeddings: Value): Value {
  const attributes = { Tidx: { type: 'int32' }, keep_dims: { flag: true } } as const;
  return graph.typed('Sum', [embeddings, graph.integers([1])], [embeddings.shape[0] ?? null, 1], attributes);
}

/** The outer product of a column [n, 1] and a row [1, d]. */
function outer(graph: Graph, column: Value, row: Value): Value {
  return binary(graph, 'Mul', [column, row], [column.shape[0] ?? null, row.shape[1] ?? null]);
}
