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

const micrometres = (description: string, minimum: number, maximum: number) =>
  real(description, { minimum, maximum, unit: 'µm' });

const classes = (description: string) =>
  list(description, text('Name of a class.', { maxLength: 128 }), { maxItems: 64 });

const annotations = object(
  'Areas that a pathologist drew, as GeoJSON in level-0 pixels (the export of QuPath), one file a slide: the name of the slide with or without its ending, then .geojson or .json.',
  {
    directory: required(
      text(
        'Directory of the files: a path, s3://BUCKET or s3://BUCKET/PREFIX. Relative paths are taken as those of `cohort.slides`.',
        { maxLength: 4096 },
      ),
    ),
    use: defaulted(
      choice('What the areas are for.', {
        narrow: 'tissue in the areas is taken',
        replace: 'the areas are taken for tissue, whatever was found',
      }),
      'narrow',
    ),
    origin: optional(
      choice(
        'Where positions count from. It must be said for slides of which a part was scanned (MIRAX, Leica): nothing in the file says it.',
        {
          slide: 'the upper left corner of the whole slide',
          scanned: 'the upper left corner of what was scanned, as QuPath counts',
        },
      ),
    ),
    include: optional(
      classes(
        'Classes that are taken. Without it every area that is not excluded, but for those that QuPath ignores (`Ignore*`); if there is none, all of the slide.',
      ),
    ),
    exclude: optional(classes('Classes that are left out, wherever they lie.')),
    missing: defaulted(
      choice('What follows for a slide without a file.', {
        fail: 'the run fails',
        detect: 'its tissue is taken as it was found',
      }),
      'fail',
    ),
  },
  { rules: annotationRules },
);

const tissue = tagged('Which tiles count as tissue.', {
  tag: 'method',
  tagDescription: 'How tissue is told from glass, on a low level of the slide.',
  default: 'density',
  common: {
    minimumFraction: defaulted(
      real('A tile is taken when at least this share of it is tissue.', {
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
        "optical density against the slide's own glass, of any number of tints, with shapes and textures that tell pens, shadows and edges from stains",
      fields: {
        pixelMicrometres: defaulted(
          micrometres('A pixel of the mask is at most so large; a small slide has a finer mask.', 0.5, 64),
          8,
        ),
        faintestDensity: defaulted(
          real(
            'Difference of optical density between colour channels from which on something pale is tissue; noise of the glass raises it.',
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
          micrometres('Gaps in tissue that are at most so wide count as tissue.', 0, 1000),
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
          choice('What follows when something looks like the ink of a pen.', {
            exclude: 'it is not tissue',
            keep: 'pens are not looked for',
          }),
          'exclude',
        ),
      },
    },
    otsu: { means: "Otsu's threshold on the saturation, in a picture of 1500 pixels", fields: {} },
    none: { means: 'every tile of the grid is taken', fields: {} },
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
    cacheBytes: defaulted(quantity("Limit of a worker's cache of decoded tiles.", 'bytes'), '32Mi'),
    maximumPerSlide: planned(
      integer('At most so many tiles of a slide are used.', {
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
