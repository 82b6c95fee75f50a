/** How tissue becomes tiles, shards and blocks. */
import {
  choice,
  defaulted,
  derived,
  forms,
  integer,
  object,
  planned,
  quantity,
  real,
  required,
} from '../schema/build.ts';
import { patchesRules } from './rules.ts';

const tissue = object('Which tiles count as tissue.', {
  method: defaulted(
    choice('How tissue is told from glass, on a low level of the slide.', {
      otsu: "Otsu's threshold on saturation",
      none: 'every tile of the grid is taken',
    }),
    'otsu',
  ),
  minimumFraction: defaulted(
    real('A tile is taken when at least this share of it is tissue.', {
      minimum: 0,
      maximum: 1,
      unit: 'fraction',
    }),
    0.25,
  ),
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
