/** How slides are made alike in their stains. */
import { choice, defaulted, list, object, optional, real, required } from '../schema/build.ts';

const absorption = (stain: string) =>
  list(
    `Optical density of red, green and blue for one unit of ${stain}.`,
    real('Optical density.', { minimum: 0, maximum: 10 }),
    { minItems: 3, maxItems: 3 },
  );

const reference = object(
  'The stains that slides are given; by default those of the published implementation.',
  {
    haematoxylin: required(absorption('haematoxylin')),
    eosin: required(absorption('eosin')),
    amounts: required(
      list(
        'The 99th percentiles of the amounts of haematoxylin and of eosin, as optical density to base e.',
        real('Amount.', { minimum: 0, exclusiveMinimum: true, maximum: 100 }),
        { minItems: 2, maxItems: 2 },
      ),
    ),
  },
);

export const stainNormalisation = object(
  'Normalisation of the stains of each slide, fitted on its tissue by the survey and applied to all tiles, in training, evaluation and prediction. Absent: slides keep their stains.',
  {
    method: defaulted(
      choice('How the stains of a slide are found.', {
        macenko: 'in the plane of two stains in optical density (Macenko et al., 2009)',
      }),
      'macenko',
    ),
    reference: optional(reference),
  },
);
