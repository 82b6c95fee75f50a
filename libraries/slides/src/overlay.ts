/** A picture of where a slide's tiles are. */
import type { Pixels } from './pixels.ts';
import type { Slide } from './slide.ts';
import type { TileGrid } from './tile-grid.ts';

const LINE = [0, 90, 255] as const;

/**
 * The thumbnail with a box around every tile, and what no tile covers paled.
 * @param thumbnail of the whole slide, e.g. `slide.thumbnail(1500)`
 */
export function drawTiles(
  thumbnail: Pixels,
  slide: Pick<Slide, 'width' | 'height'>,
  grid: Pick<TileGrid, 'coordinates' | 'footprint'>,
): Pixels {
  const { width, height } = thumbnail;
  const toX = (x: number): number => Math.round((x * width) / slide.width);
  const toY = (y: number): number => Math.round((y * height) / slide.height);
  const data = thumbnail.data.map((value) => Math.round(255 - (255 - value) / 2.5));
  const boxes = Array.from({ length: grid.coordinates.length / 2 }, (_, tile) => {
    const x = grid.coordinates[tile * 2]!;
    const y = grid.coordinates[tile * 2 + 1]!;
    // The last row and column belong to the neighbour, so that boxes of touching tiles share no line.
    const right = Math.min(width, Math.max(toX(x) + 1, toX(x + grid.footprint.x)));
    const bottom = Math.min(height, Math.max(toY(y) + 1, toY(y + grid.footprint.y)));
    return { left: toX(x), top: toY(y), right, bottom };
  });
  for (const { left, top, right, bottom } of boxes) {
    for (let y = top; y < bottom; y++) {
      const from = (y * width + left) * 3;
      data.set(thumbnail.data.subarray(from, (y * width + right) * 3), from);
    }
  }
  const paint = (x: number, y: number): void => data.set(LINE, (y * width + x) * 3);
  for (const { left, top, right, bottom } of boxes) {
    for (let x = left; x < right; x++) {
      paint(x, top);
      paint(x, bottom - 1);
    }
    for (let y = top; y < bottom; y++) {
      paint(left, y);
      paint(right - 1, y);
    }
  }
  return { width, height, data };
}
