/**
 * Gated attention: the raw scores `score' (tanh(V h) * sigmoid(U h))` (Ilse et al., Attention-based deep multiple instance
 * learning, 2018).
 *
 *     h [n, d] ──► tanh(h V + b_V) * sigmoid(h U + b_U)  [n, hidden] ──► times score [hidden, 1] ──► raw scores [n]
 *
 * Shapes: n tiles of a shard; d the length of an embedding; hidden the width of the gate. V and U are [d, hidden], their
 * biases [hidden].
 */
import type { Value } from '../../graph/graph.ts';
import { addBias, matrixProduct, multiply, sigmoid, tanh, withShape } from '../../graph/layers.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';
import type { AggregatorScores } from './aggregator.ts';

export const attention: AggregatorScores<'attention'> = {
  settings: ({ hidden }) => ({ name: 'attention', hidden }),

  problem({ hidden }) {
    if (Number.isInteger(hidden) && hidden >= 1) return undefined;
    return { field: 'hidden', problem: `${hidden} is not a width`, allowed: 'a whole number of 1 or more' };
  },

  parameters({ hidden }, embeddingSize) {
    const linear = (name: string, shape: readonly [number, number]): ParameterSpecification => ({
      name: `attention.${name}.weight`,
      shape,
      decay: true,
      // Glorot and Bengio, 2010: what follows is tanh, sigmoid or nothing.
      initial: { deviation: Math.sqrt(2 / (shape[0] + shape[1])) },
    });
    const bias = (name: string): ParameterSpecification => ({
      name: `attention.${name}.bias`,
      shape: [hidden],
      decay: false,
      initial: { constant: 0 },
    });
    // The score has no bias: the softmax over the bag takes it out again.
    return [
      linear('V', [embeddingSize, hidden]),
      bias('V'),
      linear('U', [embeddingSize, hidden]),
      bias('U'),
      linear('score', [hidden, 1]),
    ];
  },

  scores(tape, parameters, embeddings) {
    const layer = (name: string): Value =>
      addBias(
        tape,
        matrixProduct(tape, embeddings, parameters(`attention.${name}.weight`)),
        parameters(`attention.${name}.bias`),
      );
    const gated = multiply(tape, tanh(tape, layer('V')), sigmoid(tape, layer('U')));
    const scores = matrixProduct(tape, gated, parameters('attention.score.weight'));
    return withShape(tape, scores, [embeddings.shape[0] ?? null]);
  },
};
