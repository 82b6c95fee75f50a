/** How tissue becomes tiles, shards and blocks. */
import {
  choice,
  defaulted,
  derived,
  forms,
  integer,
  list,
  object,
  optional,
  planned,
  quantity,
  real,
  required,
  tagged,
  text,
} from '../schema/build.ts';
import { annotationRules, patchesRules } from './rules.ts';
import { stainNormalisation } from './stain-normalisation.ts';

const micrometres = (description: string, minimum: number, maximum: number) =>
  real(description, { minimum, maximum, unit: 'µm' });

const classes = (description: string) =>
  list(description, text('Name of a class.', { maxLength: 128 }), { maxItems: 64 });

const annotations = object(
  'Areas that a pathologist drew, as GeoJSON in level-0 pixels (the export of QuPath), one file per slide: the name of the slide with or without its extension, then .geojson or .json.',
  {
    directory: required(
      text(
        'Directory of the files: a path, s3://BUCKET or s3://BUCKET/PREFIX. Relative paths are resolved as those of `cohort.slides`.',
        { maxLength: 4096 },
      ),
    ),
    use: defaulted(
      choice('How the areas are used.', {
        narrow: 'detected tissue within the areas is used',
        replace: 'the areas count as tissue, regardless of the detected tissue',
      }),
      'narrow',
    ),
    origin: optional(
      choice(
        'The corner that positions are relative to. Required for slides that were scanned in part (MIRAX, Leica): the file does not say it.',
        {
          slide: 'the upper left corner of the whole slide',
          scanned: 'the upper left corner of the scanned part, as in QuPath',
        },
      ),
    ),
    include: optional(
      classes(
        'Classes that are used. The default is every area that is not excluded, except those that QuPath ignores (`Ignore*`); if there is none, the whole slide.',
      ),
    ),
    exclude: optional(classes('Classes that are excluded everywhere.')),
    missing: defaulted(
      choice('What happens for a slide without a file.', {
        fail: 'the run fails',
        detect: 'its detected tissue is used',
      }),
      'fail',
    ),
  },
  { rules: annotationRules },
);

const tissue = tagged('Which tiles count as tissue.', {
  tag: 'method',
  tagDescription: 'How tissue is distinguished from glass, on a low level of the slide.',
  default: 'density',
  common: {
    minimumFraction: defaulted(
      real('A tile is used when at least this share of it is tissue.', {
        minimum: 0,
        maximum: 1,
        unit: 'fraction',
      }),
      0.25,
    ),
    annotations: optional(annotations),
  },
  variants: {
    density: {
      means:
        "optical density against the slide's own glass, of any number of tints, with shapes and textures that distinguish pens, shadows and edges from stains",
      fields: {
        pixelMicrometres: defaulted(
          micrometres('Maximum size of a pixel of the mask; a small slide has a finer mask.', 0.5, 64),
          8,
        ),
        faintestDensity: defaulted(
          real(
            'Difference of optical density between colour channels above which a pale area is tissue; noise of the glass raises it.',
            { minimum: 0.001, maximum: 1, unit: 'optical density' },
          ),
          0.015,
        ),
        smallestPieceMicrometres: defaulted(
          micrometres(
            'Pieces of tissue with a smaller area than a square of this side are dropped.',
            0,
            10_000,
          ),
          15,
        ),
        closedGapMicrometres: defaulted(
          micrometres('Gaps in tissue up to this width count as tissue.', 0, 1000),
          4,
        ),
        largestHoleMicrometres: defaulted(
          micrometres(
            'Enclosed holes with an area of at most a square of this side count as tissue.',
            0,
            10_000,
          ),
          80,
        ),
        pens: defaulted(
          choice('What happens to areas that look like the ink of a pen.', {
            exclude: 'they are not tissue',
            keep: 'pens are not detected',
          }),
          'exclude',
        ),
      },
    },
    otsu: { means: "Otsu's threshold on the saturation, in a picture of 1500 pixels", fields: {} },
    none: { means: 'every tile of the grid is used', fields: {} },
  },
});

export const patches = forms('How slides are cut into tiles. Give at most one of `mpp` and `level`.', {
  common: {
    size: defaulted(
      integer('Edge of a tile as the encoder sees it.', { minimum: 16, maximum: 4096, unit: 'px' }),
      224,
    ),
    stride: derived(
      integer('Distance between neighbouring tiles; less than `size` overlaps them.', {
        minimum: 1,
        maximum: 65536,
        unit: 'px',
      }),
      '`size`',
      ({ size }) => size ?? null,
    ),
    batch: defaulted(
      integer("Tiles in a shard, the batch that the encoder computes at once. It bounds a worker's memory.", {
        minimum: 1,
        maximum: 4096,
        unit: 'tiles',
      }),
      16,
    ),
    blockShards: defaulted(
      integer('Shards in a block, the unit that is leased to a worker. A power of two.', {
        minimum: 1,
        maximum: 1024,
        unit: 'shards',
      }),
      4,
    ),
    tissue: defaulted(tissue, {}),
    stain: optional(stainNormalisation),
    cacheBytes: defaulted(quantity("Limit of a worker's cache of decoded tiles.", 'bytes'), '32Mi'),
    maximumPerSlide: planned(
      integer('Maximum number of tiles of a slide that are used.', {
        minimum: 1,
        maximum: 100000000,
        unit: 'tiles',
      }),
    ),
    halo: planned(integer('Margin read around each tile.', { minimum: 0, maximum: 4096, unit: 'px' })),
  },
  forms: {
    mpp: {
      mpp: required(
        real('Resolution of the tiles; the slide is resampled to it.', {
          minimum: 0,
          exclusiveMinimum: true,
          maximum: 1000,
          unit: 'µm/px',
        }),
      ),
    },
    level: {
      level: defaulted(
        integer('Level of the slide that tiles are read from; 0 is the finest.', { minimum: 0, maximum: 31 }),
        0,
      ),
    },
  },
  rules: patchesRules,
});
