/** What a job may say when its cohort is files of features: nothing that needs pixels or an encoder. */
import type { Rule } from '../schema/node.ts';
import { encoderRates, silentRules, tileChanges, type SilentField } from './silent-fields.ts';

/** Of the cohort. */
export const sourceRules: readonly Rule[] = [
  {
    cel: 'has(self.slides) || has(self.features)',
    message: 'slides is required, or features in its place',
    field: 'slides',
  },
  {
    cel: "!has(self.features) || !self.features.matches('^[A-Za-z][A-Za-z0-9+.-]*://')",
    message: 'features must be a path: files of features are not read from other addresses',
    field: 'features',
    remedy: 'Copy the files to a volume of storage.data.',
  },
  {
    cel: '!has(self.features) || !has(self.resolution)',
    message: 'resolution is only for slides: files of features have no pixels',
    field: 'resolution',
  },
];

const ROWS = 'the rows are embeddings already';
const TILES = 'the tiles were cut when the features were made';

const needPixels: readonly SilentField[] = [
  { field: 'model.encoder.name', silent: "self.model.encoder.name == 'resnet18'", because: ROWS },
  { field: 'model.encoder.weights', silent: '!has(self.model.encoder.weights)', because: ROWS },
  { field: 'patches.size', silent: 'self.patches.size == 224', because: TILES },
  {
    field: 'patches.stride',
    silent: '!has(self.patches.stride) || self.patches.stride == self.patches.size',
    because: TILES,
  },
  { field: 'patches.mpp', silent: '!has(self.patches.mpp)', because: TILES },
  { field: 'patches.level', silent: '!has(self.patches.level) || self.patches.level == 0', because: TILES },
  {
    field: 'patches.batch',
    silent: 'self.patches.batch == 16',
    because: 'the rows of a shard are as many as make up 2 MiB',
  },
  {
    field: 'patches.blockShards',
    silent: 'self.patches.blockShards == 4',
    because: 'a block has 4 shards of rows',
  },
  { field: 'patches.tissue', silent: silentTissue(), because: TILES },
  { field: 'patches.stain', silent: '!has(self.patches.stain)', because: TILES },
  ...tileChanges('there are no pixels to change'),
  {
    field: 'training.freeze',
    silent: '!has(self.training.freeze)',
    because: 'there is no encoder to freeze',
  },
  ...encoderRates('there is no encoder to train'),
];

/** Of the whole job. */
export const featureRules: readonly Rule[] = silentRules(needPixels, {
  unless: '!has(self.cohort.features)',
  beside: 'cohort.features',
  remedy: 'Leave it out, or give cohort.slides in place of cohort.features.',
});

function silentTissue(): string {
  const tissue = 'self.patches.tissue';
  const variant = {
    pixelMicrometres: '8.0',
    faintestDensity: '0.015',
    smallestPieceMicrometres: '15.0',
    closedGapMicrometres: '4.0',
    largestHoleMicrometres: '80.0',
    pens: "'exclude'",
  };
  return [
    `${tissue}.method == 'density'`,
    `${tissue}.minimumFraction == 0.25`,
    `!has(${tissue}.annotations)`,
    ...Object.entries(variant).map(
      ([name, value]) => `(!has(${tissue}.${name}) || ${tissue}.${name} == ${value})`,
    ),
  ].join(' && ');
}
