import { addBias, matrixProduct, multiply, sigmoid, tanh, withShape } from '../graph/layers.ts';
import type { Value } from '../graph/graph.ts';
import type { Tape } from '../graph/tape.ts';
import type { Parameters } from './encoder.ts';

/**
 * The raw scores [n] of gated attention, `score' (tanh(V h) * sigmoid(U h))` (Ilse et al., Attention-based deep
 * multiple instance learning, 2018), of embeddings [n, d].
 */
export function attentionScores(tape: Tape, parameters: Parameters, embeddings: Value): Value {
  const layer = (name: string): Value =>
    addBias(
      tape,
      matrixProduct(tape, embeddings, parameters(`attention.${name}.weight`)),
      parameters(`attention.${name}.bias`),
    );
  const gated = multiply(tape, tanh(tape, layer('V')), sigmoid(tape, layer('U')));
  const scores = matrixProduct(tape, gated, parameters('attention.score.weight'));
  return withShape(tape, scores, [embeddings.shape[0] ?? null]);
}
