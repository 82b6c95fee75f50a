/** A heatmap as it is stored, and where the tiles are on a picture of their slide: of runs and of predictions. */

export interface Heatmap {
  readonly slide: string;
  readonly bag: string;
  readonly split: string;
  readonly outcome: unknown;
  readonly score: number;
  /** File beside the index. */
  readonly thumbnail: string;
  /** Thumbnail pixels. */
  readonly width: number;
  readonly height: number;
  /** [x, y, width, height] of every tile, in thumbnail pixels. */
  readonly tiles: readonly (readonly [number, number, number, number])[];
  /** One a tile: attention weight within the bag (they sum to 1 over the bag), or the tile's own score. */
  readonly attention: readonly number[];
  /** Tiles of the whole bag: the inverse of the mean weight. */
  readonly bagTiles: number;
  /** The picture with the tiles' colours and their legend, beside the index. */
  readonly picture: string;
}

/** The slide's tiles in pixels of a picture that is `scaleX`, `scaleY` of level 0. */
export function tileBoxes(
  slide: { readonly coordinates: Int32Array; readonly footprint: { readonly x: number; readonly y: number } },
  scaleX: number,
  scaleY: number,
): [number, number, number, number][] {
  const boxes: [number, number, number, number][] = [];
  for (let index = 0; index < slide.coordinates.length; index += 2) {
    const [x, y] = [slide.coordinates[index]!, slide.coordinates[index + 1]!];
    boxes.push(
      [x * scaleX, y * scaleY, slide.footprint.x * scaleX, slide.footprint.y * scaleY].map(round) as [
        number,
        number,
        number,
        number,
      ],
    );
  }
  return boxes;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
