/** Evaluation: scores of bags at one version of the parameters, and the metrics of each split. */
import { accuracy, concordanceIndex, confusionMatrix, predictedClasses, rocArea } from '@wsi/statistics';
import { instancePredict, type Head } from '../heads/index.ts';
import type { PlannedBag } from './bags.ts';
import { embedBag, type EmbedOptions, type EmbeddedBag } from './embedding.ts';

/** Bags of an evaluation whose tasks are open at a time: a cohort's would not fit in memory all at once. */
export const bagsAtOnce = 64;

export interface Prediction {
  readonly patient: string;
  readonly bag: string;
  readonly slides: readonly string[];
  readonly split: string;
  readonly outcome: PlannedBag['case']['outcome'];
  readonly treatment?: string;
  /** Cox: the log hazard ratio; two classes: the probability of the second; more: the largest probability. */
  readonly score: number;
  readonly probabilities?: readonly number[];
}

export interface EvaluatedBag {
  readonly prediction: Prediction;
  /** One number a tile, the higher the more it weighs: attention weights (softmax over the bag), or tile scores. */
  readonly tileScores: Float32Array;
}

export interface EvaluationContext {
  readonly head: Head;
  readonly aggregator: 'attention' | 'mean' | 'instance';
  readonly headParameters: Float32Array;
}

export async function evaluateBag(
  bag: PlannedBag,
  index: number,
  context: EvaluationContext,
  options: Omit<EmbedOptions, 'gather' | 'attention' | 'orientationSeed'> & { tileScores: boolean },
): Promise<EvaluatedBag> {
  const instance = context.aggregator === 'instance';
  const embedded = await embedBag(bag, index, {
    ...options,
    gather: instance,
    attention: options.tileScores && context.aggregator === 'attention',
    orientationSeed: 0,
  });
  return instance ? scoreInstances(bag, embedded, context) : scoreBag(bag, embedded, context);
}

function scoreBag(
  bag: PlannedBag,
  embedded: EmbeddedBag,
  { head, headParameters }: EvaluationContext,
): EvaluatedBag {
  const { scores, probabilities } = head.predict(headParameters, [embedded.embedding]);
  const of = probabilities?.[0];
  return {
    prediction: { ...described(bag), score: scores[0]!, ...(of === undefined ? {} : { probabilities: of }) },
    tileScores: embedded.attention.map((score) => Math.exp(score - embedded.logSumExp)),
  };
}

function scoreInstances(
  bag: PlannedBag,
  embedded: EmbeddedBag,
  { head, headParameters }: EvaluationContext,
): EvaluatedBag {
  const { score, probabilities, tileScores } = instancePredict(head, headParameters, embedded.embeddings);
  return {
    prediction: { ...described(bag), score, probabilities },
    tileScores: Float32Array.from(tileScores),
  };
}

function described({ case: of }: PlannedBag): Omit<Prediction, 'score' | 'probabilities'> {
  const { patient, bag, slides, split, outcome, treatment } = of;
  return { patient, bag, slides, split, outcome, ...(treatment === undefined ? {} : { treatment }) };
}

/**
 * Metrics of a set of predictions: classification gives accuracy, log loss and, for two classes, the area under the
 * ROC curve; survival gives Harrell's concordance index. A metric that is not defined for these cases is left out.
 */
export function metricsOf(predictions: readonly Prediction[]): Record<string, number> {
  const metrics: Record<string, number | undefined> = {};
  const classified = predictions.flatMap(({ outcome, probabilities }) =>
    outcome.type === 'classification' && probabilities !== undefined
      ? [{ actual: outcome.classIndex, probabilities }]
      : [],
  );
  if (classified.length > 0) {
    const classes = classified[0]!.probabilities.length;
    const actual = classified.map((row) => row.actual);
    const rows = classified.map((row) => row.probabilities);
    metrics['accuracy'] = accuracy(confusionMatrix(actual, predictedClasses(rows), classes))?.accuracy;
    metrics['logLoss'] =
      classified.reduce((sum, row) => sum - Math.log(Math.max(1e-15, row.probabilities[row.actual]!)), 0) /
      classified.length;
    if (classes === 2) {
      metrics['auc'] = rocArea(
        predictions.map(({ score }) => score),
        actual.map((index) => index === 1),
      )?.auc;
    }
  }
  const survivals = predictions.flatMap(({ outcome, score }) =>
    outcome.type === 'survival' ? [{ risk: score, time: outcome.time, event: outcome.event === 1 }] : [],
  );
  if (survivals.length > 0) {
    metrics['cIndex'] = concordanceIndex(
      survivals.map(({ risk }) => risk),
      survivals,
    )?.concordance;
  }
  return Object.fromEntries(
    Object.entries(metrics).filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}
