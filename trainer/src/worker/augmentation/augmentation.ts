/**
 * Augmentation: random changes of the stains, the colours and the sharpness of training tiles, in this order. Every number is
 * drawn from a stream of its own that is named by what it is for and by the tile's position, so that both passes of a step,
 * and any worker, compute the same pixels.
 */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { RandomStream } from '@wsi-operator/foundation';
import type { TileAugmentation } from '@wsi-operator/protocol';
import { mapDensities, stainChange, type DensityMap } from '@wsi-operator/slides';
import { Blur } from './blur.ts';
import { changeColours, type ColourChange } from './colour.ts';

export type Augmentations = NonNullable<WsiTrainingJobSpec['training']['augmentations']>;

/** What one tile gets. */
export interface TileChanges {
  readonly stain?: DensityMap;
  readonly colour?: ColourChange;
  /** Standard deviation in pixels. */
  readonly blur?: number;
}

export class TileAugmenter {
  readonly #size: number;
  readonly #blur: Blur;

  /** @param size pixels along a tile's side */
  constructor(size: number) {
    this.#size = size;
    this.#blur = new Blur(size);
  }

  /**
   * Changes tiles in place.
   * @param tiles uint8 [n, size, size, 3]; @param coordinates x, y, x, y... of each
   */
  augment(
    tiles: Uint8Array,
    { seed, settings }: Pick<TileAugmentation, 'seed' | 'settings'>,
    coordinates: Int32Array,
  ): void {
    const augmentations = JSON.parse(settings) as Augmentations;
    const bytes = this.#size * this.#size * 3;
    for (let index = 0; index * 2 < coordinates.length; index++) {
      const tile = tiles.subarray(index * bytes, (index + 1) * bytes);
      const position = `${coordinates[index * 2]!}/${coordinates[index * 2 + 1]!}`;
      const { stain, colour, blur } = drawChanges(augmentations, seed, position);
      if (stain !== undefined) mapDensities(tile, stain);
      if (colour !== undefined) changeColours(tile, colour);
      if (blur !== undefined) this.#blur.blur(tile, blur);
    }
  }
}

/** All numbers are drawn evenly from their ranges, also those of ranges that are 0: setting one does not change another. */
export function drawChanges(
  { stain, colour, blur }: Augmentations,
  seed: number,
  position: string,
): TileChanges {
  const around = (purpose: string, per: 'tile' | 'slide'): ((middle: number, range: number) => number) => {
    const stream = new RandomStream(
      seed,
      per === 'slide' ? `slide/${purpose}` : `tile/${position}/${purpose}`,
    );
    return (middle, range) => middle + range * (2 * stream.uniform() - 1);
  };
  return {
    ...(stain === undefined ? {} : { stain: drawStain(stain, around('stain', stain.per)) }),
    ...(colour === undefined ? {} : { colour: drawColour(colour, around('colour', colour.per)) }),
    ...(blur === undefined ? {} : { blur: around('blur', 'tile')(blur.sigma / 2, blur.sigma / 2) }),
  };
}

type Draw = (middle: number, range: number) => number;

function drawStain({ sigma, bias }: NonNullable<Augmentations['stain']>, draw: Draw): DensityMap {
  const factors = [draw(1, sigma), draw(1, sigma), draw(1, sigma)] as const;
  return stainChange(factors, [draw(0, bias), draw(0, bias), draw(0, bias)]);
}

function drawColour(ranges: NonNullable<Augmentations['colour']>, draw: Draw): ColourChange {
  const brightness = draw(1, ranges.brightness);
  const contrast = draw(1, ranges.contrast);
  const saturation = draw(1, ranges.saturation);
  return { brightness, contrast, saturation, hue: draw(0, ranges.hue) };
}
