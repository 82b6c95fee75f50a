/**
 * What an encoder is: tiles to embeddings, without statistics over tiles, so that a tile's embedding depends on its pixels
 * alone.
 *
 *     tiles [n, size, size, 3] ──► features [n, size / stride, size / stride, d] ──mean over pixels──► embeddings [n, d]
 *     tiles [n, size, size, 3] ──► tokens [n, t, d] ──that of the class──► embeddings [n, d]
 *
 * Shapes: n tiles of a shard; size pixels a side of a tile, 3 colours; stride pixels a side that become one feature or
 * token; d the length of an embedding.
 */
import type { Value } from '../../graph/graph.ts';
import type { Tape } from '../../graph/tape.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';
import type { PublishedWeights } from './published.ts';
import type { Normalisation, Tiles } from './tiles.ts';

/** A parameter by its name. */
export type Parameters = (name: string) => Value;

/** Its stride is a fact of the job's definition (`ENCODERS` of the API). */
export interface Encoder {
  /** The length d of a tile's embedding. */
  readonly embeddingSize: number;
  /** Raised whenever the same parameters would give other embeddings, so that those of before are not used. */
  readonly revision: number;
  /** What its weights expect of the pixels; `tiles` of {@link forward} applies it. */
  readonly normalisation: Normalisation;
  /**
   * In the order in which they lie in the flat vector; names begin with `encoder.`.
   * @param tileSize a multiple of its stride: an encoder may have a parameter for each place of a tile
   */
  parameters(tileSize: number): readonly ParameterSpecification[];
  /** @returns embeddings [n, d] of tiles [n, size, size, 3] */
  forward(tape: Tape, parameters: Parameters, tiles: Tiles): Value;
  /** The kinds of files that its parameters can be read from; none for an encoder that nobody publishes weights of. */
  published(tileSize: number): readonly PublishedWeights[];
}
