/** Statistics of a picture in square cells: what colour, and how rough. */
import type { Pixels } from '../pixels.ts';

/** Blocks along a cell's side: the roughness is that of the blocks' means. */
const BLOCKS = 4;

export interface Cells {
  /** Pixels along a block and along a cell. */
  readonly block: number;
  readonly side: number;
  readonly columns: number;
  readonly rows: number;
  /** Means of the channels, 0 to 255; red, green, blue of each cell. */
  readonly means: Float32Array;
  /**
   * Standard deviation of the blocks, in values of a channel, as if they were independent. It is taken from second
   * differences, so that a smooth shade has none.
   */
  readonly roughness: Float32Array;
  /** The same of each channel: red, green, blue of each cell. */
  readonly channelRoughness: Float32Array;
  /** 1 where all pixels of the cell are the same: nothing that a camera saw. */
  readonly uniform: Uint8Array;
}

/** @param block pixels along the side of a block; a cell is 4 of them. The last cells reach over the others. */
export function cellsOf(pixels: Pixels, block: number): Cells {
  const side = block * BLOCKS;
  const columns = Math.max(1, Math.ceil(pixels.width / side));
  const rows = Math.max(1, Math.ceil(pixels.height / side));
  const cells: Cells = {
    block,
    side,
    columns,
    rows,
    means: new Float32Array(columns * rows * 3),
    roughness: new Float32Array(columns * rows),
    channelRoughness: new Float32Array(columns * rows * 3),
    uniform: new Uint8Array(columns * rows),
  };
  const blocks = new Float64Array(BLOCKS * BLOCKS);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const left = Math.max(0, Math.min(column * side, pixels.width - side));
      const top = Math.max(0, Math.min(row * side, pixels.height - side));
      const at = row * columns + column;
      let rough = 0;
      let uniform = true;
      for (let channel = 0; channel < 3; channel++) {
        uniform = blockMeans(pixels, { left, top, block, channel }, blocks) && uniform;
        let sum = 0;
        for (const mean of blocks) sum += mean;
        cells.means[at * 3 + channel] = sum / blocks.length;
        const channelRough = secondDifferences(blocks);
        cells.channelRoughness[at * 3 + channel] = channelRough;
        rough += channelRough;
      }
      cells.roughness[at] = rough / 3;
      cells.uniform[at] = uniform ? 1 : 0;
    }
  }
  return cells;
}

interface CellChannel {
  readonly left: number;
  readonly top: number;
  readonly block: number;
  readonly channel: number;
}

/** Fills `blocks` with the means of one channel; whether all of its pixels are the same. */
function blockMeans(
  { width, height, data }: Pixels,
  { left, top, block, channel }: CellChannel,
  blocks: Float64Array,
): boolean {
  const first = data[(top * width + left) * 3 + channel]!;
  let uniform = true;
  blocks.fill(0);
  for (let y = 0; y < block * BLOCKS; y++) {
    // A picture smaller than a cell goes on as its last row and column.
    const row = Math.min(top + y, height - 1) * width;
    const line = Math.floor(y / block) * BLOCKS;
    for (let x = 0; x < block * BLOCKS; x++) {
      const value = data[(row + Math.min(left + x, width - 1)) * 3 + channel]!;
      blocks[line + Math.floor(x / block)]! += value;
      if (value !== first) uniform = false;
    }
  }
  for (let at = 0; at < blocks.length; at++) blocks[at]! /= block * block;
  return uniform;
}

/** Root of the mean square of second differences along both directions, over the root of 6 (that of white noise). */
function secondDifferences(blocks: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let line = 0; line < BLOCKS; line++) {
    for (let at = 1; at < BLOCKS - 1; at++) {
      const across = line * BLOCKS + at;
      const down = at * BLOCKS + line;
      const horizontal = blocks[across - 1]! - 2 * blocks[across]! + blocks[across + 1]!;
      const vertical = blocks[down - BLOCKS]! - 2 * blocks[down]! + blocks[down + BLOCKS]!;
      sum += horizontal * horizontal + vertical * vertical;
      count += 2;
    }
  }
  return Math.sqrt(sum / count / 6);
}
