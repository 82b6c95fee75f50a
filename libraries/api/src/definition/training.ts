/** How the network is fitted. */
import {
  choice,
  defaulted,
  derived,
  integer,
  object,
  optional,
  real,
  required,
  tagged,
} from '../schema/build.ts';
import { augmentations } from './augmentations.ts';
import { learningRateOf, LEARNING_RATES } from './default-rate.ts';
import { selection } from './selection.ts';
import {
  averaging,
  classWeights,
  freeze,
  gradientClipping,
  labelSmoothing,
  learningRates,
  sampling,
} from './training-recipe.ts';

const fraction = { minimum: 0, maximum: 1, unit: 'fraction' } as const;
const decay = { minimum: 0, maximum: 1, exclusiveMaximum: true } as const;
const rate = real('Step length before the schedule is applied.', {
  minimum: 0,
  exclusiveMinimum: true,
  maximum: 1000,
});
const weightDecay = { minimum: 0, maximum: 100 } as const;

const optimizer = tagged('The rule by which a gradient changes the parameters.', {
  tag: 'name',
  tagDescription: 'Update rule.',
  default: 'adamw',
  common: {
    learningRate: derived(rate, LEARNING_RATES, learningRateOf),
    weightDecay: defaulted(real('Pull of the parameters towards 0.', weightDecay), 0.0001),
  },
  variants: {
    sgd: {
      means: 'stochastic gradient descent with momentum; weight decay is added to the gradient',
      fields: {
        momentum: defaulted(real('Share of the last velocity that is kept.', decay), 0.9),
      },
    },
    adamw: {
      means: 'AdamW (Loshchilov and Hutter, 2019): weight decay apart from the gradient',
      fields: {
        beta1: defaulted(real('Decay of the first moment.', decay), 0.9),
        beta2: defaulted(real('Decay of the second moment.', decay), 0.999),
        epsilon: defaulted(
          real('Added to the root of the second moment.', { minimum: 0, exclusiveMinimum: true, maximum: 1 }),
          1e-8,
        ),
      },
    },
  },
});

const schedules = {
  constant: { means: 'no change', fields: {} },
  cosine: {
    means: 'half a cosine down to `finalFraction` at the last step',
    fields: { finalFraction: defaulted(real('Last step length as a share of the first.', fraction), 0) },
  },
  step: {
    means: 'times `factor` after every `everySteps` steps',
    fields: {
      everySteps: required(
        integer('Steps between two reductions.', { minimum: 1, maximum: 1000000000, unit: 'steps' }),
      ),
      factor: defaulted(
        real('Factor of the step length.', {
          minimum: 0,
          exclusiveMinimum: true,
          maximum: 1,
        }),
        0.1,
      ),
    },
  },
} as const;

/** Facts of each schedule. */
export const SCHEDULES: Readonly<
  Record<
    keyof typeof schedules,
    {
      /** Whether a step's length depends on how many steps there are in all, so that a longer run begins otherwise. */
      readonly dependsOnEpochs: boolean;
    }
  >
> = {
  constant: { dependsOnEpochs: false },
  cosine: { dependsOnEpochs: true },
  step: { dependsOnEpochs: false },
};

const schedule = tagged('How the step length changes over the run.', {
  tag: 'name',
  tagDescription: 'Shape after the warm-up.',
  default: 'constant',
  common: {
    warmupSteps: defaulted(
      integer('Number of steps over which the step length rises linearly from 0.', {
        minimum: 0,
        maximum: 1000000000,
        unit: 'steps',
      }),
      0,
    ),
  },
  variants: schedules,
});

export const training = object('How the network is trained.', {
  mode: defaulted(
    choice(
      'What is trained and how exact the gradient is.',
      {
        endToEnd: 'encoder, aggregator and head, with the exact gradient of the whole slide',
        frozen:
          'aggregator and head; the tiles of each slide are embedded once by `model.encoder.weights` and kept as files of features in `features` of the output',
      },
      {
        sampled: 'an unbiased subset of blocks in the second pass',
        async: 'updates are applied on arrival; results are not reproducible',
      },
    ),
    'endToEnd',
  ),
  epochs: defaulted(
    integer('Times that every training bag is seen.', { minimum: 1, maximum: 100000, unit: 'epochs' }),
    10,
  ),
  selection: optional(selection),
  slidesPerStep: defaulted(integer('Bags in a step.', { minimum: 1, maximum: 4096, unit: 'bags' }), 4),
  optimizer: defaulted(optimizer, {}),
  gradientClipping: optional(gradientClipping),
  learningRates: optional(learningRates),
  freeze: optional(freeze),
  averaging: optional(averaging),
  labelSmoothing: optional(labelSmoothing),
  classWeights: optional(classWeights),
  sampling: optional(sampling),
  schedule: defaulted(schedule, {}),
  seed: defaulted(
    integer('Seed of the initial parameters, the order of bags and the augmentation.', {
      minimum: 0,
      maximum: 4294967295,
    }),
    0,
  ),
  staleness: defaulted(
    integer('Step t uses the parameters of step t - staleness, exactly; 0 is synchronous.', {
      minimum: 0,
      maximum: 16,
      unit: 'steps',
    }),
    0,
  ),
  threads: defaulted(
    integer(
      "TensorFlow's threads within an operation. Part of the job's numerical identity: another number gives other bits.",
      {
        minimum: 1,
        maximum: 256,
        unit: 'threads',
      },
    ),
    1,
  ),
  augmentation: defaulted(
    choice('Random changes of the training tiles.', {
      none: 'tiles as they are',
      flips: 'mirrored and turned by right angles',
    }),
    'none',
  ),
  augmentations: optional(augmentations),
});
