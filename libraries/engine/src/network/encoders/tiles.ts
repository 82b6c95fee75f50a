/**
 * The pixels of tiles, normalised as an encoder's record says: (x / 255 - mean) / std for a byte x. It is done in one
 * place, and an encoder reaches the pixels only through it, so that none can forget a part of it.
 *
 * Shapes: n tiles of a shard; size pixels a side of a tile, 3 colours.
 */
import { binary, cast } from '../../graph/arithmetic.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { multiplyBy } from '../../graph/layers.ts';
import type { Tape } from '../../graph/tape.ts';

/** A number for red, green and blue. */
export type Colours = readonly [red: number, green: number, blue: number];

/** In units of 0 to 1, which a byte has after division by 255. */
export interface Normalisation {
  readonly mean: Colours;
  readonly std: Colours;
}

/** Every colour from -2 to 2; the first convolution's weights take up the means and deviations that the colours have. */
export const AROUND_ZERO: Normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

/** Those of ImageNet's photographs, which torchvision's weights and DINOv2's were trained with. */
export const IMAGENET: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Every colour from -1 to 1, as Google's networks expect it. */
export const SYMMETRIC: Normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

/** A convolution of [n, h, w, in] by [side, side, in, out]. */
export type Convolution = (tape: Tape, image: Value, weights: Value, stride: number) => Value;

/** Tiles [n, size, size, 3], of which an encoder computes a convolution, and nothing else. */
export interface Tiles {
  /** @param weights [side, side, 3, out], for normalised pixels */
  convolve(convolution: Convolution, weights: Value, stride: number): Value;
}

/**
 * Only the mean is subtracted from the pixels. The first convolution's weights are divided by the deviation instead of
 * the pixels, which saves a pass over these.
 * @param tiles uint8 [n, size, size, 3]
 */
export function normalisedTiles(tape: Tape, tiles: Value, { mean, std }: Normalisation): Tiles {
  const { graph } = tape;
  const pixels = cast(graph, tiles, graph.floatType);
  const means = mean.map((value) => value * 255);
  const centred = binary(graph, 'Sub', [pixels, constantOf(graph, means, [3])]);
  return {
    convolve(convolution, weights, stride) {
      const factors = std.map((value) => 1 / (value * 255));
      const scaled = multiplyBy(tape, weights, constantOf(graph, factors, [3, 1]));
      return convolution(tape, centred, scaled, stride);
    },
  };
}

/** One number where the colours agree. */
function constantOf(graph: Graph, colours: readonly number[], shape: readonly number[]): Value {
  const [first = NaN] = colours;
  return colours.every((colour) => colour === first) ? graph.scalar(first) : graph.floats(colours, shape);
}
