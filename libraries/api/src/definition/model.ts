/** Encoder of a tile, aggregator of a bag, head of the outcome. */
import {
  choice,
  defaulted,
  integer,
  list,
  object,
  optional,
  required,
  tagged,
  text,
} from '../schema/build.ts';
import { AGGREGATORS, ENCODERS, HEADS, meaningsOf, type HeadName } from './model-parts.ts';
import { encoderRules, initialFromRules, oneSourceRules } from './initial-rules.ts';

const encoder = object(
  'The network that turns a tile into a vector. It has no statistics across tiles.',
  {
    name: defaulted(choice('Architecture.', meaningsOf(ENCODERS)), 'resnet18'),
    weights: optional(
      text(
        'Weights to start from in place of random ones: a safetensors file with the names that timm and torchvision publish, as a path or s3://BUCKET/KEY. Relative paths are resolved as those of `cohort.slides`. What is in the file is part of the identity of a run, where it lies is not. `wsi encoder import` makes one of a file of PyTorch.',
        { maxLength: 4096 },
      ),
    ),
  },
  { rules: encoderRules },
);

const initialFrom = object(
  'An earlier run whose parameters this one starts from. Nothing else is taken over: optimizer, schedule and steps begin anew. The parameters are part of the identity of a run, where they lie is not.',
  {
    checkpoint: required(
      text(
        'A checkpoint (`checkpoints/step-XXXXXXXX`), or the output of a run, whose newest one is taken: a path, or s3://BUCKET/PREFIX. Relative paths are resolved as those of `cohort.slides`.',
        { maxLength: 4096 },
      ),
    ),
    parts: defaulted(
      list(
        'What is taken over; the rest starts as without an earlier run. It must have the same names, shapes and classes there.',
        choice('A part of the model.', {
          encoder: 'the encoder',
          aggregator: 'the aggregator',
          head: 'the head, for the same classes',
        }),
        { maxItems: 3, minItems: 1 },
      ),
      ['encoder', 'aggregator', 'head'],
    ),
  },
  { rules: initialFromRules },
);

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

export const model = object(
  'The network.',
  {
    encoder: defaulted(encoder, {}),
    aggregator: defaulted(aggregator, {}),
    head: required(head),
    initialFrom: optional(initialFrom),
  },
  { rules: oneSourceRules },
);
