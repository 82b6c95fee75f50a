/** Encoder of a tile, aggregator of a bag, head of the outcome. */
import { choice, defaulted, integer, object, required, tagged } from '../schema/build.ts';
import { AGGREGATORS, ENCODERS, HEADS, meaningsOf, type HeadName } from './model-parts.ts';

const encoder = object('The network that turns a tile into a vector. It has no statistics across tiles.', {
  name: defaulted(choice('Architecture.', meaningsOf(ENCODERS)), 'resnet18'),
});

const hiddenUsers = Object.entries(AGGREGATORS).flatMap(([name, { usesHidden }]) =>
  usesHidden ? [name] : [],
);

const aggregator = object('How the vectors of the tiles become one vector of the bag.', {
  name: defaulted(choice('Kind of pooling.', meaningsOf(AGGREGATORS)), 'attention'),
  hidden: defaulted(
    integer(`Width of the attention layer; used by ${hiddenUsers.join(' and ')} only.`, {
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
    classification: { means: HEADS.classification.means, fields: {} },
    cox: {
      means: HEADS.cox.means,
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
  } satisfies Readonly<Record<HeadName, unknown>>,
});

export const model = object('The network.', {
  encoder: defaulted(encoder, {}),
  aggregator: defaulted(aggregator, {}),
  head: required(head),
});
