/** Heads by name: a perceptron with the loss that its name stands for. */
import { WsiError } from '@wsi/foundation';
import { coxLoss } from './cox.ts';
import { crossEntropy, softmax } from './cross-entropy.ts';
import type { Head, HeadSpec, LossAndGradient, Outcome, Predictions } from './head.ts';
import { Perceptron } from './perceptron.ts';

/**
 * @param embeddingSize length of a bag's embedding
 * @throws WsiError `InvalidArgument` for fewer than two classes or sizes that are not whole numbers
 */
export function createHead(spec: HeadSpec, embeddingSize: number): Head {
  if (
    !Number.isInteger(embeddingSize) ||
    embeddingSize < 1 ||
    !Number.isInteger(spec.hidden) ||
    spec.hidden < 0
  ) {
    throw new WsiError(
      'InvalidArgument',
      `A head needs an embedding of at least one number and a hidden size of 0 or more, not ${embeddingSize} and ${spec.hidden}.`,
    );
  }
  return spec.name === 'cox' ? coxHead(spec, embeddingSize) : classificationHead(spec, embeddingSize);
}

type ClassificationSpec = Extract<HeadSpec, { name: 'classification' }>;

export function classificationNetwork(spec: ClassificationSpec, embeddingSize: number): Perceptron {
  return new Perceptron({
    inputs: embeddingSize,
    hidden: spec.hidden,
    outputs: spec.classes,
    outputBias: true,
  });
}

function classificationHead(spec: ClassificationSpec, embeddingSize: number): Head {
  const { classes } = spec;
  if (!Number.isInteger(classes) || classes < 2) {
    throw new WsiError('InvalidArgument', `Classification needs at least two classes, not ${classes}.`);
  }
  const network = classificationNetwork(spec, embeddingSize);
  return {
    spec,
    embeddingSize,
    parameters: network.parameters,
    length: network.length,
    initial: (seed) => network.initial(seed),
    predict: (parameters, embeddings) => {
      const input = rowsOf(embeddings, embeddingSize);
      const { output } = network.forward(parameters64(parameters, network), input, embeddings.length);
      return classPredictions(output, classes);
    },
    lossAndGradient: (parameters, embeddings, outcomes) => {
      const labels = classLabels(outcomes, classes, embeddings.length);
      return throughNetwork(network, parameters, embeddings, (output) => ({
        ...crossEntropy(output, classes, labels),
        predictions: classPredictions(output, classes),
      }));
    },
  };
}

function coxHead(spec: Extract<HeadSpec, { name: 'cox' }>, embeddingSize: number): Head {
  const network = new Perceptron({
    inputs: embeddingSize,
    hidden: spec.hidden,
    outputs: 1,
    outputBias: false,
  });
  return {
    spec,
    embeddingSize,
    parameters: network.parameters,
    length: network.length,
    initial: (seed) => network.initial(seed),
    predict: (parameters, embeddings) => {
      const input = rowsOf(embeddings, embeddingSize);
      const { output } = network.forward(parameters64(parameters, network), input, embeddings.length);
      return { scores: Array.from(output) };
    },
    lossAndGradient: (parameters, embeddings, outcomes) => {
      const survivals = survivalOutcomes(outcomes, embeddings.length);
      return throughNetwork(network, parameters, embeddings, (output) => ({
        ...coxLoss(output, survivals, spec.ties),
        predictions: { scores: Array.from(output) },
      }));
    },
  };
}

type OutputLoss = (output: Float64Array) => {
  loss: number;
  gradient: Float64Array;
  predictions: Predictions;
};

function throughNetwork(
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

/** Class probabilities of `[rows, classes]` logits as the head reports them. */
export function classPredictions(logits: Float64Array, classes: number): Required<Predictions> {
  const flat = softmax(logits, classes);
  const probabilities = Array.from({ length: flat.length / classes }, (_, row) =>
    Array.from(flat.subarray(row * classes, (row + 1) * classes)),
  );
  return { scores: probabilities.map(scoreOf), probabilities };
}

/** Two classes: the probability of class 1; more: the largest. */
export function scoreOf(probabilities: readonly number[]): number {
  return probabilities.length === 2 ? probabilities[1]! : Math.max(...probabilities);
}

export function parameters64(parameters: Float32Array, network: Perceptron): Float64Array {
  if (parameters.length !== network.length) {
    throw new WsiError(
      'Internal',
      `The head has ${network.length} parameters but was given ${parameters.length}.`,
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
        `The head takes embeddings of ${size} numbers, not ${embedding.length}.`,
      );
    }
    rows.set(embedding, index * size);
  });
  return rows;
}

export function classLabels(outcomes: readonly Outcome[], classes: number, bags: number): number[] {
  checkCount(outcomes, bags);
  return outcomes.map((outcome) => {
    if (
      outcome.kind !== 'class' ||
      !Number.isInteger(outcome.index) ||
      outcome.index < 0 ||
      outcome.index >= classes
    ) {
      throw new WsiError(
        'Internal',
        `The classification head takes a class in 0..${classes - 1} for every bag.`,
      );
    }
    return outcome.index;
  });
}

function survivalOutcomes(outcomes: readonly Outcome[], bags: number): { time: number; event: boolean }[] {
  checkCount(outcomes, bags);
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'survival' || !Number.isFinite(outcome.time)) {
      throw new WsiError('Internal', 'The Cox head takes a finite time and an event flag for every bag.');
    }
    return outcome;
  });
}

function checkCount(outcomes: readonly Outcome[], bags: number): void {
  if (outcomes.length === bags && bags > 0) return;
  throw new WsiError(
    'Internal',
    `A loss needs one outcome a bag and at least one bag: ${outcomes.length} for ${bags}.`,
  );
}
