/** Fields of training that are off unless a job names them. */
import { choice, defaulted, integer, map, object, real, required, tagged } from '../schema/build.ts';

const factor = (of: string): ReturnType<typeof real> =>
  real(`Factor of the learning rate of ${of}; 0: not trained.`, { minimum: 0, maximum: 1000 });

export const gradientClipping = real(
  "Largest Euclidean norm of a step's gradient, over all parameters that are trained: a longer gradient is shortened to it. Absent: no limit.",
  { minimum: 0, exclusiveMinimum: true, maximum: 1e12 },
);

export const learningRates = object('Learning rates by part, as factors of the learning rate. Absent: 1.', {
  encoder: defaulted(factor('the encoder'), 1),
  aggregator: defaulted(factor('the aggregator'), 1),
  head: defaulted(factor('the head'), 1),
  layerDecay: defaulted(
    real(
      "Factor from one stage of the encoder to the one before it: of S stages, stage s (0: at the tiles) learns at layerDecay^(S - s) of the encoder's rate.",
      { minimum: 0, exclusiveMinimum: true, maximum: 1, unit: 'fraction' },
    ),
    1,
  ),
});

export const freeze = integer(
  'Stages of the encoder, from the tiles on, whose parameters stay as they are. What lies before the first block is one stage, each block one. Absent: none.',
  { minimum: 0, maximum: 1000, unit: 'stages' },
);

export const averaging = object(
  'Keeps an exponential moving average of the parameters, with which the run evaluates and predicts. Absent: none.',
  {
    decay: defaulted(
      real('Share of the average that is kept at a step t, at most (1 + t) / (10 + t).', {
        minimum: 0,
        maximum: 1,
        exclusiveMaximum: true,
        unit: 'fraction',
      }),
      0.999,
    ),
  },
);

export const labelSmoothing = real(
  'Share of the label that is spread evenly over all classes (Szegedy et al., 2016). Absent: none.',
  { minimum: 0, maximum: 1, exclusiveMaximum: true, unit: 'fraction' },
);

export const classWeights = tagged(
  "Weights of the classes in the loss: a bag's loss times its class's weight, divided by the number of bags in the step. Absent: 1.",
  {
    tag: 'method',
    tagDescription: 'Where the weights come from.',
    common: {},
    variants: {
      balanced: {
        means: 'training bags / (classes x training bags of the class): all classes weigh the same in all',
        fields: {},
      },
      given: {
        means: 'as in `weights`',
        fields: {
          weights: required(
            map(
              'A weight for every class, as the table spells it.',
              real('Weight.', { minimum: 0, maximum: 1000000 }),
              64,
            ),
          ),
        },
      },
    },
  },
);

export const sampling = choice('Which bags make up an epoch. Absent: shuffled.', {
  shuffled: 'every training bag once, in random order',
  balanced:
    'as many bags as in training, the same number of each class and evenly over the steps; of small classes some several times, of large ones others in each epoch',
});
