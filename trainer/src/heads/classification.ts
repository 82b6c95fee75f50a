/** The classification head: a perceptron with softmax and cross-entropy. */
import { publicText, WsiError } from '@wsi-operator/foundation';
import { crossEntropy, softmax } from './cross-entropy.ts';
import type { ClassTarget, HeadKind, HeadSpecs, BagOutcome, Predictions } from './head.ts';
import { Perceptron } from './perceptron.ts';
import { outputOf, parametersOf, requireOutcomes, throughNetwork } from './through-network.ts';

export const classification: HeadKind<'classification'> = {
  describe: ({ hidden }, classes) => ({ name: 'classification', classes: classes.length, hidden }),

  create(spec, embeddingSize) {
    const { classes } = spec;
    if (!Number.isInteger(classes) || classes < 2) {
      throw new WsiError(
        'InvalidArgument',
        publicText`Classification needs at least two classes, not ${classes}.`,
      );
    }
    const network = classificationNetwork(spec, embeddingSize);
    return {
      spec,
      embeddingSize,
      ...parametersOf(network),
      predict: (parameters, embeddings) =>
        classPredictions(outputOf(network, parameters, embeddings), classes),
      lossAndGradient: (parameters, embeddings, outcomes) => {
        const labels = classLabels(outcomes, classes, embeddings.length);
        return throughNetwork(network, parameters, embeddings, (output) => ({
          ...crossEntropy(output, classes, labels, classTargets(outcomes)),
          predictions: classPredictions(output, classes),
        }));
      },
    };
  },
};

export function classificationNetwork(spec: HeadSpecs['classification'], embeddingSize: number): Perceptron {
  return new Perceptron({
    inputs: embeddingSize,
    hidden: spec.hidden,
    outputs: spec.classes,
    outputBias: true,
  });
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

/** How the loss takes each outcome. */
export function classTargets(outcomes: readonly BagOutcome[]): (ClassTarget | undefined)[] {
  return outcomes.map((outcome) => (outcome.type === 'classification' ? outcome.target : undefined));
}

export function classLabels(outcomes: readonly BagOutcome[], classes: number, bags: number): number[] {
  requireOutcomes(outcomes, bags);
  return outcomes.map((outcome) => {
    if (
      outcome.type !== 'classification' ||
      !Number.isInteger(outcome.index) ||
      outcome.index < 0 ||
      outcome.index >= classes
    ) {
      throw new WsiError(
        'Internal',
        publicText`The classification head takes a class in 0..${classes - 1} for every bag.`,
      );
    }
    return outcome.index;
  });
}
