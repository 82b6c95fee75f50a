/** Random changes of the colours and the sharpness of training tiles. */
import { choice, defaulted, object, optional, real } from '../schema/build.ts';
import { colourRules } from './rules.ts';

const share = { minimum: 0, maximum: 1, unit: 'fraction' } as const;

const per = choice('What has random numbers of its own.', {
  tile: 'every tile',
  slide: 'every slide: all its tiles change alike',
});

const colour = object(
  'Brightness, contrast, saturation and hue. A factor of 0.2 lies between 0.8 and 1.2, all equally likely.',
  {
    brightness: defaulted(real('Range of the factor of all values.', share), 0),
    contrast: defaulted(real("Range of the factor of the distance from the tile's mean grey.", share), 0),
    saturation: defaulted(real('Range of the factor of the distance from grey.', share), 0),
    hue: defaulted(
      real('Range of the turn of the hues, to either side.', { minimum: 0, maximum: 0.5, unit: 'turns' }),
      0,
    ),
    per: defaulted(per, 'tile'),
  },
  { rules: colourRules },
);

const stain = object(
  'Amounts of haematoxylin, eosin and residual dye, in optical density by the vectors of Ruifrok and Johnston (2001), as Tellez et al. (2018) vary them.',
  {
    sigma: defaulted(real('Range of the factor of each amount: 1 - sigma to 1 + sigma.', share), 0.05),
    bias: defaulted(
      real('Range of what is added to each amount, to either side.', {
        minimum: 0,
        maximum: 1,
        unit: 'optical density',
      }),
      0.02,
    ),
    per: defaulted(per, 'tile'),
  },
);

const blur = object('Loss of sharpness: a Gaussian filter of a random width.', {
  sigma: defaulted(
    real("Largest standard deviation of the filter; a tile's own lies between 0 and this.", {
      minimum: 0,
      exclusiveMinimum: true,
      maximum: 5,
      unit: 'px',
    }),
    1,
  ),
});

export const augmentations = object(
  'Random changes of the pixels of training tiles, beside `augmentation`. What is absent is off; evaluation and prediction see the tiles as they are.',
  { colour: optional(colour), stain: optional(stain), blur: optional(blur) },
);
