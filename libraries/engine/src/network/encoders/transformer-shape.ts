/** In what vision transformers differ from one another. */
export interface TransformerShape {
  /** Pixels a side of a patch. */
  readonly patch: number;
  /** d, the length of a token. */
  readonly width: number;
  readonly heads: number;
  readonly depth: number;
  /** Tokens beside that of the class. */
  readonly registers: number;
  /** The first gains of the branches; undefined where they have none. */
  readonly layerScale: number | undefined;
  /** Whether the token of the class has an embedding of its place, too. */
  readonly classPlace: boolean;
}
