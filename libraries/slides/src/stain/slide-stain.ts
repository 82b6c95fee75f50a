/** The normalisation of a slide: fitted once, on a fixed sample of its tissue at the resolution of its tiles. */
import type { Slide } from '../slide.ts';
import type { TileGrid } from '../tile-grid.ts';
import type { TissueMask } from '../tissue/tissue.ts';
import type { DensityMap } from './density-map.ts';
import { fitStains, normalisation, PUBLISHED_STAINS, type StainPair } from './macenko.ts';

export interface StainOptions {
  readonly method: 'macenko';
  /** What slides are made to look like; by default {@link PUBLISHED_STAINS}. */
  readonly reference?: { readonly [K in keyof StainPair]: readonly number[] } | undefined;
}

export interface SlideStain {
  /** Absent where the slide stays as it is. */
  readonly map?: DensityMap;
  /** Why it does. */
  readonly note?: string;
}

const MOST_TILES = 64;
const MOST_PIXELS = 2 ** 18;

/** @param grid the slide's tiles; @param mask its tissue */
export async function slideStain(
  slide: Slide,
  { grid, mask }: { readonly grid: TileGrid; readonly mask: TissueMask },
  { reference }: StainOptions,
): Promise<SlideStain> {
  const stains = fitStains(await sampleTissue(slide, grid, mask));
  const map = typeof stains === 'string' ? stains : normalisation(stains, pairOf(reference));
  if (typeof map !== 'string') return { map };
  return { note: `Its stain is not normalised, because ${map}.` };
}

/** The lengths of the lists are those of the job's definition. */
function pairOf(reference: StainOptions['reference']): StainPair {
  return reference === undefined ? PUBLISHED_STAINS : (reference as StainPair);
}

/** RGB of up to {@link MOST_PIXELS} pixels of tissue, of tiles that are evenly spread over the grid. */
async function sampleTissue(slide: Slide, grid: TileGrid, mask: TissueMask): Promise<Uint8Array> {
  const { size, count, footprint, resolution } = grid;
  const tiles = Math.min(MOST_TILES, count);
  const step = Math.ceil(Math.sqrt((size * size * tiles) / MOST_PIXELS));
  const side = Math.ceil(size / step);
  const sample = new Uint8Array(tiles * side * side * 3);
  let length = 0;
  for (let tile = 0; tile < tiles; tile++) {
    const index = Math.floor(((tile + 0.5) * count) / tiles);
    const coordinates = grid.coordinates.subarray(index * 2, index * 2 + 2);
    const pixels = await slide.readPatches({ ...resolution, size, coordinates });
    for (let y = 0; y < size; y += step) {
      for (let x = 0; x < size; x += step) {
        const column = Math.floor((coordinates[0]! + ((x + 0.5) * footprint.x) / size) / mask.scaleX);
        const row = Math.floor((coordinates[1]! + ((y + 0.5) * footprint.y) / size) / mask.scaleY);
        if (column >= mask.width || row >= mask.height || mask.data[row * mask.width + column] === 0)
          continue;
        const at = (y * size + x) * 3;
        sample.set(pixels.subarray(at, at + 3), length);
        length += 3;
      }
    }
  }
  return sample.subarray(0, length);
}
