/** Parts of a model that do not fit together, for every part of the tables: a new part brings its cases with it. */
import { AGGREGATORS, ENCODERS, HEADS, type OutcomeType } from '../definition/model-parts.ts';
import type { Refusal } from './manifests.ts';

const heads = Object.entries(HEADS);

/** The shortest job for an outcome, as a base. */
function baseFor(outcome: OutcomeType): Pick<Refusal, 'base'> {
  return outcome === 'survival' ? { base: 'survival' } : {};
}

function other(outcome: OutcomeType): OutcomeType {
  return outcome === 'survival' ? 'classification' : 'survival';
}

const ofOutcome = heads.map(([name, { outcome }]): Refusal => ({
  name: `head ${name} for a ${other(outcome)} outcome`,
  ...baseFor(other(outcome)),
  changes: { 'spec.model.head.name': name },
  path: 'spec.model.head.name',
  says: `a ${other(outcome)} outcome needs the `,
}));

const ofAggregator = Object.entries(AGGREGATORS).flatMap(([name, { only }]): Refusal[] => {
  const refused = heads.find(([head]) => only !== undefined && !only.heads.some((fits) => fits === head));
  if (only === undefined || refused === undefined) return [];
  const [head, { outcome }] = refused;
  return [
    {
      name: `aggregator ${name} with the head ${head}`,
      ...baseFor(outcome),
      changes: { 'spec.model.aggregator.name': name, 'spec.model.head.name': head },
      path: 'spec.model.aggregator.name',
      says: `the ${name} aggregator works only with the ${only.heads.join(' or ')} head`,
      remedy: only.remedy,
    },
  ];
});

const ofStep = heads.flatMap(([name, { outcome, leastBags }]): Refusal[] => {
  if (leastBags.count === 1) return [];
  return [
    {
      name: `steps of too few bags for the head ${name}`,
      ...baseFor(outcome),
      changes: { 'spec.model.head.name': name, 'spec.training.slidesPerStep': leastBags.count - 1 },
      path: 'spec.training.slidesPerStep',
      says: `slidesPerStep of at least ${leastBags.count}`,
    },
  ];
});

const ofTile = Object.entries(ENCODERS).map(([name, { stride }]): Refusal => ({
  name: `tile that is no multiple of the stride of the encoder ${name}`,
  changes: { 'spec.model.encoder.name': name, 'spec.patches.size': 224 + stride / 2 },
  path: 'spec.patches.size',
  says: `patches.size must be a multiple of ${stride} for encoder ${name}`,
}));

const ofWeights = Object.entries(ENCODERS).flatMap(([name, { hasWeights }]): Refusal[] =>
  hasWeights
    ? []
    : [
        {
          name: `weights for the encoder ${name}`,
          changes: { 'spec.model.encoder': { name, weights: 'encoder.safetensors' } },
          path: 'spec.model.encoder.weights',
          says: `nobody publishes weights of the encoder ${name}`,
          remedy: 'Leave weights out',
        },
      ],
);

const weights = 'model/resnet18.safetensors';

const ofFirstParameters: readonly Refusal[] = [
  {
    name: 'weights by https',
    changes: { 'spec.model.encoder': { weights: 'https://example.org/resnet18.safetensors' } },
    path: 'spec.model.encoder.weights',
    says: 'weights must be a path or s3://BUCKET/KEY',
  },
  {
    name: 'weights that are a prefix',
    changes: { 'spec.model.encoder': { weights: 's3://models/resnet18/' } },
    path: 'spec.model.encoder.weights',
    says: 'weights must be a path or s3://BUCKET/KEY',
  },
  {
    name: 'earlier run in another store',
    changes: { 'spec.model.initialFrom': { checkpoint: 'gs://runs/first' } },
    path: 'spec.model.initialFrom.checkpoint',
    says: 'checkpoint must be a path, s3://BUCKET or s3://BUCKET/PREFIX',
  },
  {
    name: 'earlier run without a place',
    changes: { 'spec.model.initialFrom': { parts: ['encoder'] } },
    path: 'spec.model.initialFrom.checkpoint',
    says: 'Required value',
  },
  {
    name: 'no part of an earlier run',
    changes: { 'spec.model.initialFrom': { checkpoint: 'runs/first', parts: [] } },
    path: 'spec.model.initialFrom.parts',
    says: 'should have at least 1 items',
  },
  {
    name: 'unknown part of an earlier run',
    changes: { 'spec.model.initialFrom': { checkpoint: 'runs/first', parts: ['optimizer'] } },
    path: 'spec.model.initialFrom.parts[0]',
    says: listed(['encoder', 'aggregator', 'head']),
  },
  {
    name: 'part of an earlier run named twice',
    changes: { 'spec.model.initialFrom': { checkpoint: 'runs/first', parts: ['head', 'head'] } },
    path: 'spec.model.initialFrom.parts',
    says: 'a part cannot be named twice',
  },
  {
    name: 'encoder from weights and from an earlier run',
    changes: {
      'spec.model.encoder': { weights },
      'spec.model.initialFrom': { checkpoint: 'runs/first' },
    },
    path: 'spec.model.initialFrom.parts',
    says: 'the encoder cannot start from both encoder.weights and initialFrom',
    remedy: '[aggregator, head]',
  },
];

export const modelRefusals: readonly Refusal[] = [
  ...ofOutcome,
  ...ofAggregator,
  ...ofStep,
  ...ofTile,
  ...Object.entries({ labelSmoothing: 0.1, classWeights: { method: 'balanced' }, sampling: 'balanced' }).map(
    ([field, value]): Refusal => ({
      name: `${field} without classes`,
      base: 'survival',
      changes: { [`spec.training.${field}`]: value },
      path: `spec.training.${field}`,
      says: `training.${field} is only for outcomes of classes`,
    }),
  ),
  {
    name: 'classes balanced twice',
    changes: { 'spec.training.classWeights': { method: 'balanced' }, 'spec.training.sampling': 'balanced' },
    path: 'spec.training.classWeights',
    says: 'training.classWeights cannot be combined with balanced sampling',
  },
  {
    name: 'weights for balanced classes',
    changes: { 'spec.training.classWeights': { method: 'balanced', weights: { a: 1 } } },
    path: 'spec.training.classWeights.weights',
    says: 'weights is only for method given',
  },
  {
    name: 'given weights without weights',
    changes: { 'spec.training.classWeights': { method: 'given' } },
    path: 'spec.training.classWeights.weights',
    says: 'weights is required for method given',
  },
  ...ofWeights,
  ...ofFirstParameters,
];

/** How validation lists the names that there are. */
export function listed(names: readonly string[]): string {
  return `supported values: ${names.map((name) => `"${name}"`).join(', ')}`;
}
