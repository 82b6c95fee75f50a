/** Encoder of a tile, aggregator of a bag, head of the outcome. */
import { choice, defaulted, integer, object, required, tagged } from '../schema/build.ts';

const encoder = object('The network that turns a tile into a vector. It has no statistics across tiles.', {
  name: defaulted(
    choice('Architecture.', {
      tiny: 'four convolution blocks, for small data and one machine',
      resnet18: 'ResNet-18 with frozen batch normalisation (a gain and a bias a channel)',
    }),
    'resnet18',
  ),
});

const aggregator = object('How the vectors of the tiles become one vector of the bag.', {
  name: defaulted(
    choice('Kind of pooling.', {
      attention: 'gated attention (Ilse et al., 2018)',
      mean: 'mean of the tiles',
      instance:
        "the patch baseline: every tile is classified alone with the bag's label; the bag's score is the mean of its tiles' predictions",
    }),
    'attention',
  ),
  hidden: defaulted(
    integer('Width of the attention layer; used by attention only.', {
      minimum: 1,
      maximum: 4096,
      unit: 'units',
    }),
    64,
  ),
});

const head = tagged('From the vector of the bag to the outcome.', {
  tag: 'name',
  tagDescription: 'Kind of head and loss.',
  common: {
    hidden: defaulted(
      integer('Width of the hidden layer; 0 makes the head linear.', {
        minimum: 0,
        maximum: 4096,
        unit: 'units',
      }),
      16,
    ),
  },
  variants: {
    classification: { means: 'softmax and cross-entropy', fields: {} },
    cox: {
      means: 'negative log partial likelihood (Cox, 1972); the risk set is the step',
      fields: {
        ties: defaulted(
          choice('Treatment of tied event times.', {
            efron: "Efron's approximation",
            breslow: "Breslow's approximation",
          }),
          'efron',
        ),
      },
    },
  },
});

export const model = object('The network.', {
  encoder: defaulted(encoder, {}),
  aggregator: defaulted(aggregator, {}),
  head: required(head),
});
