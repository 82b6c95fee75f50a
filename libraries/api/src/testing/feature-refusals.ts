/** Manifests of cohorts of features with one fault each: what needs pixels or an encoder. */
import type { Refusal } from './manifests.ts';

/** What makes a job one on files of features. */
export const OF_FEATURES = { 'spec.cohort.slides': null, 'spec.cohort.features': 'features' } as const;

const beside: readonly (readonly [field: string, value: unknown, because: string])[] = [
  ['model.encoder.name', 'tiny', 'the rows are embeddings already'],
  ['model.encoder.weights', 'resnet18.safetensors', 'the rows are embeddings already'],
  ['patches.size', 256, 'the tiles were cut when the features were made'],
  ['patches.stride', 112, 'the tiles were cut when the features were made'],
  ['patches.mpp', 0.5, 'the tiles were cut when the features were made'],
  ['patches.level', 1, 'the tiles were cut when the features were made'],
  ['patches.batch', 32, 'the rows of a shard are as many as make up 2 MiB'],
  ['patches.blockShards', 8, 'a block has 4 shards of rows'],
  ['patches.tissue', { method: 'otsu' }, 'the tiles were cut when the features were made'],
  ['patches.tissue', { closedGapMicrometres: 8 }, 'the tiles were cut when the features were made'],
  ['patches.stain', { method: 'macenko' }, 'the tiles were cut when the features were made'],
  ['training.augmentation', 'flips', 'there are no pixels to change'],
  ['training.augmentations', { blur: {} }, 'there are no pixels to change'],
  ['training.freeze', 1, 'there is no encoder to freeze'],
  ['training.learningRates.encoder', 0.5, 'there is no encoder to train'],
  ['training.learningRates.layerDecay', 0.5, 'there is no encoder to train'],
];

export const featureRefusals: readonly Refusal[] = [
  {
    name: 'slides and features',
    changes: { 'spec.cohort.features': 'features' },
    path: 'spec.cohort.slides',
    says: 'slides cannot be combined with features',
  },
  {
    name: 'neither slides nor features',
    changes: { 'spec.cohort.slides': null },
    path: 'spec.cohort.slides',
    says: 'slides is required, or features in its place',
  },
  {
    name: 'features in S3',
    changes: { ...OF_FEATURES, 'spec.cohort.features': 's3://cohorts/features' },
    path: 'spec.cohort.features',
    says: 'features must be a path',
    remedy: 'Copy the files to a volume',
  },
  {
    name: 'a resolution of features',
    changes: { ...OF_FEATURES, 'spec.cohort.resolution': { mpp: 0.5 } },
    path: 'spec.cohort.resolution',
    says: 'resolution is only for slides',
  },
  ...beside.map(([field, value, because]): Refusal => ({
    name: `features with ${field} ${JSON.stringify(value)}`,
    changes: { ...OF_FEATURES, [`spec.${field}`]: value },
    path: `spec.${field}`,
    says: `${field} cannot be given with cohort.features: ${because}`,
    remedy: 'Leave it out',
  })),
];
