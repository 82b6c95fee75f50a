/**
 * What turns tiles into embeddings and does not learn: the seam between whoever reads slides and whatever computes.
 *
 * Shapes: n tiles of s x s pixels; D numbers a tile.
 */

/** What is known of an encoder before it computes anything. */
export interface TileEncoderFacts {
  readonly name: string;
  /** SHA-256 of all that the numbers depend on: definition, parameters, normalisation. */
  readonly digest: string;
}

/** Every row depends on its tile, the encoder and the batch that it is in, and on nothing else: not on what came before. */
export interface TileEncoder extends TileEncoderFacts {
  /** D. */
  readonly size: number;
  /**
   * @param tiles RGB, uint8 [n, s, s, 3]
   * @returns float32 [n, D]
   * @throws WsiError `EngineFailed`; `Diverged` when a number is not finite
   */
  embed(tiles: Uint8Array, n: number): Promise<Float32Array>;
  close(): Promise<void>;
}
