/**
 * What a prediction head is: a small network on slide-level embeddings with a loss over all bags of a step.
 * Heads run on the coordinator in float64 with a fixed order of summation, so the loss, its gradients and therefore
 * the trained parameters do not depend on how many workers delivered the embeddings.
 */
import type { HeadName, WsiTrainingJobSpec } from '@wsi-operator/api';
import type { CaseOutcome } from '@wsi-operator/statistics';

/** What a head learns of a bag, as it is evaluated; `event` false = censored at `time`, which is in the cohort's unit. */
export type BagOutcome =
  | (Extract<CaseOutcome, { readonly type: 'classification' }> & {
      /** How the loss takes it; absent: {@link PLAIN_TARGET}. */
      readonly target?: ClassTarget;
    })
  | (Extract<CaseOutcome, { readonly type: 'survival' }> & {
      /** For a bag that is one of several of its patient. */
      readonly subject?: Subject;
    });

/** How the cross-entropy takes a bag's class. */
export interface ClassTarget {
  /** Factor of the bag's loss. */
  readonly weight: number;
  /** Share of the label that is spread evenly over all classes, in [0, 1). */
  readonly smoothing: number;
}

export const PLAIN_TARGET: ClassTarget = { weight: 1, smoothing: 0 };

/** Whose a bag is: a patient dies once, however many slides there are. */
export interface Subject {
  readonly patient: string;
  /** Bags of the patient in the cohort; each carries its share of the patient's weight. */
  readonly bags: number;
}

/** What a checkpoint says of each head. */
export interface HeadSpecs {
  readonly classification: {
    readonly name: 'classification';
    readonly classes: number;
    readonly hidden: number;
  };
  readonly cox: { readonly name: 'cox'; readonly ties: TieMethod; readonly hidden: number };
}

export type HeadSpec = HeadSpecs[HeadName];

/** What a job says of a head. */
export type JobHead<Name extends HeadName> = Extract<
  WsiTrainingJobSpec['model']['head'],
  { readonly name: Name }
>;

/** One kind of head; which type of outcome it predicts is a fact of the job's definition (`HEADS` of the API). */
export interface HeadKind<Name extends HeadName> {
  describe(head: JobHead<Name>, classes: readonly string[]): HeadSpecs[Name];
  create(spec: HeadSpecs[Name], embeddingSize: number): Head;
  /** What it adds to the identity of every run. */
  readonly identity?: Readonly<Record<string, string>>;
  /** What it adds to the identity of a run in which a patient has several bags. */
  readonly identityOfSeveralBags?: Readonly<Record<string, string>>;
}

export type TieMethod = 'efron' | 'breslow';

/** One named tensor of the flat parameter vector, row-major; `decay` says whether weight decay applies to it. */
export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly length: number;
  readonly decay: boolean;
}

export interface Predictions {
  /**
   * One number a bag. Cox: the log hazard ratio (higher = earlier event). Two classes: the probability of class 1.
   * More classes: the largest probability.
   */
  readonly scores: number[];
  /** Classification only: `[bags][classes]`. */
  readonly probabilities?: number[][];
}

export interface LossAndGradient extends Predictions {
  readonly loss: number;
  /** `[length]`, of the loss. */
  readonly parameterGradient: Float32Array;
  /** `[bags][embeddingSize]`, of the loss. */
  readonly embeddingGradients: Float64Array[];
}

export interface Head {
  readonly spec: HeadSpec;
  readonly embeddingSize: number;
  /** In the order in which they lie in the flat parameter vector. */
  readonly parameters: readonly ParameterTensor[];
  /** Numbers in the flat parameter vector. */
  readonly length: number;
  /** Glorot-uniform weights, zero biases: a pure function of the seed. */
  initial(seed: number): Float32Array;
  /** @param embeddings `[bags][embeddingSize]` */
  predict(parameters: Float32Array, embeddings: readonly Float64Array[]): Predictions;
  /**
   * Classification: the mean over the bags of their cross-entropy times its weight. Cox: the negative log partial likelihood divided by the
   * number of events, the risk sets taken within these bags (no event: loss and gradients are zero). Bags of one
   * patient are one subject of the risk set, see `subjects.ts`.
   * @throws WsiError `Internal` when shapes or outcome kinds do not fit the head
   */
  lossAndGradient(
    parameters: Float32Array,
    embeddings: readonly Float64Array[],
    outcomes: readonly BagOutcome[],
  ): LossAndGradient;
}
