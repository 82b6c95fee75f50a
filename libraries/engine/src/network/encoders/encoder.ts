/**
 * What an encoder is: tiles to embeddings, without statistics over tiles or pixels, so that a tile's embedding depends on
 * its pixels alone and a convolution is the same wherever the tile was cut.
 *
 *     tiles [n, size, size, 3] ──features──► [n, size / stride, size / stride, d] ──mean over pixels──► embeddings [n, d]
 *
 * Shapes: n tiles of a shard; size pixels a side of a tile, 3 colours; stride pixels a side that become one of the features;
 * d the length of an embedding.
 */
import { binary, cast } from '../../graph/arithmetic.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import type { Tape } from '../../graph/tape.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';

/** A parameter by its name. */
export type Parameters = (name: string) => Value;

/** Its stride is a fact of the job's definition (`ENCODERS` of the API). */
export interface Encoder {
  /** The length d of a tile's embedding. */
  readonly embeddingSize: number;
  /** In the order in which they lie in the flat vector; names begin with `encoder.`. */
  parameters(): readonly ParameterSpecification[];
  /** @param tiles centred, [n, size, size, 3] @returns features [n, height, width, d] */
  forward(tape: Tape, parameters: Parameters, tiles: Value): Value;
}

/**
 * Bytes to numbers around 0: x - 127.5. The rest of the normalisation, the division by 63.75 that gives values from
 * -2 to 2, is left to the first convolution's weights ({@link PIXEL_SCALE}), which saves a pass over the pixels. It is the
 * same for the three colours, whose own means and deviations those weights take up as well.
 */
export function centre(graph: Graph, tiles: Value): Value {
  return binary(graph, 'Sub', [cast(graph, tiles, graph.floatType), graph.scalar(127.5)]);
}

/** What the first convolution multiplies its weights by; see {@link centre}. */
export const PIXEL_SCALE = 1 / 63.75;
