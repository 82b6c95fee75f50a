/**
 * The parts that a model is put together from, by name: what each means, and what must fit together. The definition of the
 * job, its rules and its reference come from these tables; the engine and the trainer build the parts from tables with the
 * same names (`Record<EncoderName, ...>`), which do not compile while one is missing.
 */

interface EncoderFacts {
  readonly means: string;
  /** How much it shrinks a tile: the tile's side must be a multiple of it. */
  readonly stride: number;
  /** Whether others publish weights that it can start from. */
  readonly hasWeights: boolean;
  /** What it learns with where a job gives no rate; see default-rate.ts. */
  readonly learningRate: number;
}

/** Tiles to embeddings. */
const encoders = {
  tiny: {
    means: 'four convolution blocks, for small data and one machine',
    stride: 16,
    hasWeights: false,
    learningRate: 0.001,
  },
  lenet: {
    means: 'the LeNet of Ilse et al. (2018) for tiles of 28 to 64 pixels',
    stride: 4,
    hasWeights: false,
    learningRate: 0.001,
  },
  resnet18: {
    means: 'ResNet-18 with frozen batch normalisation (a gain and a bias a channel)',
    stride: 32,
    hasWeights: true,
    learningRate: 0.0001,
  },
  resnet34: { means: 'ResNet-34 of the same kind', stride: 32, hasWeights: true, learningRate: 0.0001 },
  resnet50: {
    means: 'ResNet-50 of the same kind, with bottlenecks',
    stride: 32,
    hasWeights: true,
    learningRate: 0.0001,
  },
  efficientnet_lite0: {
    means: 'EfficientNet-Lite0 of the same kind, with depthwise convolutions',
    stride: 32,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_small_patch16: {
    means: 'small vision transformer, patches of 16 pixels',
    stride: 16,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_small_patch14_dinov2: {
    means: 'small vision transformer of DINOv2, patches of 14 pixels',
    stride: 14,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_small_patch14_reg4_dinov2: {
    means: 'the same with four registers',
    stride: 14,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_base_patch16: {
    means: 'base vision transformer, patches of 16 pixels',
    stride: 16,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_base_patch14_dinov2: {
    means: 'base vision transformer of DINOv2, patches of 14 pixels',
    stride: 14,
    hasWeights: true,
    learningRate: 0.0001,
  },
  vit_base_patch14_reg4_dinov2: {
    means: 'the same with four registers',
    stride: 14,
    hasWeights: true,
    learningRate: 0.0001,
  },
} as const satisfies Readonly<Record<string, EncoderFacts>>;

export type EncoderName = keyof typeof encoders;
export const ENCODERS: Readonly<Record<EncoderName, EncoderFacts>> = encoders;

/** What of a case is predicted. */
export const OUTCOME_TYPES = ['survival', 'classification'] as const;
export type OutcomeType = (typeof OUTCOME_TYPES)[number];

interface HeadFacts {
  readonly means: string;
  /** The type of outcome that it predicts. */
  readonly outcome: OutcomeType;
  /** Bags that a step must have, and why. */
  readonly leastBags: { readonly count: number; readonly because: string };
}

const ONE_BAG = { count: 1, because: 'every bag has a loss of its own' };

/** Embeddings of bags to predictions and a loss. */
const heads = {
  classification: { means: 'softmax and cross-entropy', outcome: 'classification', leastBags: ONE_BAG },
  cox: {
    means: 'negative log partial likelihood (Cox, 1972); the risk set is the step',
    outcome: 'survival',
    leastBags: { count: 2, because: 'the risk set is the slides of one step' },
  },
} as const satisfies Readonly<Record<string, HeadFacts>>;

export type HeadName = keyof typeof heads;
export const HEADS: Readonly<Record<HeadName, HeadFacts>> = heads;

interface AggregatorFacts {
  readonly means: string;
  /** What a heatmap shows of a tile: its share of the bag's attention, or its own score. */
  readonly heatmap: 'attention' | 'score' | 'none';
  /** Whether `aggregator.hidden` is the width of its attention layer. */
  readonly usesHidden: boolean;
  /** The only heads that it works with, and what to do instead; absent: it works with all. */
  readonly only?: { readonly heads: readonly HeadName[]; readonly remedy: string };
}

/** Embeddings of tiles to one of the bag. */
const aggregators = {
  attention: { means: 'gated attention (Ilse et al., 2018)', heatmap: 'attention', usesHidden: true },
  mean: { means: 'mean of the tiles', heatmap: 'none', usesHidden: false },
  instance: {
    means:
      "the patch baseline: every tile is classified alone with the bag's label; the bag's score is the mean of its tiles' predictions",
    heatmap: 'score',
    usesHidden: false,
    only: {
      heads: ['classification'],
      remedy: 'Use the classification head, or the attention or mean aggregator.',
    },
  },
} as const satisfies Readonly<Record<string, AggregatorFacts>>;

export type AggregatorName = keyof typeof aggregators;
export const AGGREGATORS: Readonly<Record<AggregatorName, AggregatorFacts>> = aggregators;

/** Names of a table, each with its meaning, as a choice of the job. */
export function meaningsOf<Name extends string>(
  table: Readonly<Record<Name, { readonly means: string }>>,
): Readonly<Record<Name, string>> {
  const entries = Object.entries<{ readonly means: string }>(table);
  return Object.fromEntries(entries.map(([name, { means }]) => [name, means])) as Record<Name, string>;
}
