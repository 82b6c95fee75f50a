/** Embeddings through a head's perceptron to a loss, and its gradient back: what all heads share. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { Head, LossAndGradient, Predictions } from './head.ts';
import type { Perceptron } from './perceptron.ts';

/** The loss and its gradient by the network's output `[bags, outputs]`. */
type OutputLoss = (output: Float64Array) => {
  loss: number;
  gradient: Float64Array;
  predictions: Predictions;
};

/** Loss and gradients of `[bags][inputs]` embeddings. */
export function throughNetwork(
  network: Perceptron,
  parameters: Float32Array,
  embeddings: readonly Float64Array[],
  lossOf: OutputLoss,
): LossAndGradient {
  const { inputs } = network.shape;
  const values = parameters64(parameters, network);
  const input = rowsOf(embeddings, inputs);
  const activations = network.forward(values, input, embeddings.length);
  const { loss, gradient, predictions } = lossOf(activations.output);
  const gradients = network.backward(values, input, activations, gradient);
  return {
    loss,
    parameterGradient: Float32Array.from(gradients.parameters),
    embeddingGradients: embeddings.map((_, bag) => gradients.input.slice(bag * inputs, (bag + 1) * inputs)),
    ...predictions,
  };
}

/** What of a head is its network's. */
export function parametersOf(network: Perceptron): Pick<Head, 'parameters' | 'length' | 'initial'> {
  return {
    parameters: network.parameters,
    length: network.length,
    initial: (seed) => network.initial(seed),
  };
}

/** The network's output `[bags, outputs]`. */
export function outputOf(
  network: Perceptron,
  parameters: Float32Array,
  embeddings: readonly Float64Array[],
): Float64Array {
  const input = rowsOf(embeddings, network.shape.inputs);
  return network.forward(parameters64(parameters, network), input, embeddings.length).output;
}

export function parameters64(parameters: Float32Array, network: Perceptron): Float64Array {
  if (parameters.length !== network.length) {
    throw new WsiError(
      'Internal',
      publicText`The head has ${network.length} parameters but was given ${parameters.length}.`,
    );
  }
  return Float64Array.from(parameters);
}

function rowsOf(embeddings: readonly Float64Array[], size: number): Float64Array {
  const rows = new Float64Array(embeddings.length * size);
  embeddings.forEach((embedding, index) => {
    if (embedding.length !== size) {
      throw new WsiError(
        'Internal',
        publicText`The head takes embeddings of ${size} numbers, not ${embedding.length}.`,
      );
    }
    rows.set(embedding, index * size);
  });
  return rows;
}

/** @throws WsiError `Internal` unless there is one outcome a bag, and a bag */
export function requireOutcomes(outcomes: readonly unknown[], bags: number): void {
  if (outcomes.length === bags && bags > 0) return;
  throw new WsiError(
    'Internal',
    publicText`A loss needs one outcome a bag and at least one bag: ${outcomes.length} for ${bags}.`,
  );
}
