/**
 * The patch baseline: the classification head classifies every tile alone, each tile carrying its bag's class, and a
 * bag's probabilities are the mean over its tiles. It is what "train a patch classifier, average the predictions"
 * does, so it cannot learn anything that no single tile shows. Its per-tile gradients take the gathered path.
 */
import { publicText, WsiError } from '@wsi-operator/foundation';
import {
  classificationNetwork,
  classLabels,
  classTargets,
  type ClassTarget,
  classPredictions,
  crossEntropy,
  parameters64,
  scoreOf,
  type Head,
  type BagOutcome,
  type Perceptron,
} from '../heads/index.ts';

export interface InstancePrediction {
  /** Of the mean probabilities, as {@link Predictions.scores}. */
  readonly score: number;
  /** `[classes]`, the mean over the tiles. */
  readonly probabilities: number[];
  /** `[tiles]`, each tile's own score: the baseline's heatmap. */
  readonly tileScores: number[];
}

export interface InstanceLoss extends InstancePrediction {
  /** Mean cross-entropy over the tiles, times `weight`. */
  readonly loss: number;
  /** `[head.length]`, of the loss. */
  readonly parameterGradient: Float32Array;
  /** `[tiles, embeddingSize]`, of the loss: what pass 2 takes as the cotangent of the embeddings. */
  readonly cotangent: Float32Array;
}

/**
 * @param tiles `[tiles, embeddingSize]`, the embeddings of one bag
 * @param weight the bag's share of the step's loss (1 / bags of the step for their mean)
 * @throws WsiError `InvalidArgument` for a head that is not a classification; `Internal` for shapes that do not fit
 */
export function instanceLossAndGradient(
  head: Head,
  parameters: Float32Array,
  tiles: Float32Array,
  outcome: BagOutcome,
  weight = 1,
): InstanceLoss {
  const { network, classes, rows } = instanceNetwork(head, tiles);
  const [target] = classTargets([outcome]);
  const [label] = classLabels([outcome], classes, 1);
  const values = parameters64(parameters, network);
  const input = Float64Array.from(tiles);
  const activations = network.forward(values, input, rows);
  const { loss, gradient } = crossEntropy(
    activations.output,
    classes,
    new Array<number>(rows).fill(label!),
    new Array<ClassTarget | undefined>(rows).fill(target),
  );
  for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! * weight;
  const gradients = network.backward(values, input, activations, gradient);
  return {
    loss: loss * weight,
    parameterGradient: Float32Array.from(gradients.parameters),
    cotangent: Float32Array.from(gradients.input),
    ...meanPrediction(activations.output, classes),
  };
}

/**
 * @param tiles `[tiles, embeddingSize]`, the embeddings of one bag
 * @param positive the class that a tile's score is the probability of; the head's own score without one
 */
export function instancePredict(
  head: Head,
  parameters: Float32Array,
  tiles: Float32Array,
  positive?: number,
): InstancePrediction {
  const { network, classes, rows } = instanceNetwork(head, tiles);
  const { output } = network.forward(parameters64(parameters, network), Float64Array.from(tiles), rows);
  return meanPrediction(output, classes, positive);
}

function meanPrediction(logits: Float64Array, classes: number, positive?: number): InstancePrediction {
  const { scores, probabilities } = classPredictions(logits, classes);
  const mean = new Array<number>(classes).fill(0);
  for (const tile of probabilities) {
    for (let index = 0; index < classes; index++) mean[index] = mean[index]! + tile[index]!;
  }
  for (let index = 0; index < classes; index++) mean[index] = mean[index]! / probabilities.length;
  const tileScores = positive === undefined ? scores : probabilities.map((tile) => tile[positive]!);
  return { score: scoreOf(mean), probabilities: mean, tileScores };
}

function instanceNetwork(
  head: Head,
  tiles: Float32Array,
): { network: Perceptron; classes: number; rows: number } {
  if (head.spec.name !== 'classification') {
    throw new WsiError(
      'InvalidArgument',
      publicText`The instance aggregator classifies tiles; it has no survival loss.`,
      {
        remedy: publicText`Use the classification head, or the attention or mean aggregator.`,
      },
    );
  }
  const rows = tiles.length / head.embeddingSize;
  if (rows < 1 || !Number.isInteger(rows)) {
    throw new WsiError(
      'Internal',
      publicText`${tiles.length} numbers are not tile embeddings of ${head.embeddingSize} each.`,
    );
  }
  return { network: classificationNetwork(head.spec, head.embeddingSize), classes: head.spec.classes, rows };
}
