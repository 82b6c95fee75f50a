/**
 * What a file of features says: the embeddings of a slide's tiles, one row a tile, and where the tiles lie.
 *
 * Shapes: N rows, one a tile; D numbers a row.
 */

export const FEATURE_LAYOUTS = ['trident', 'clam', 'stamp'] as const;
export type FeatureLayout = (typeof FEATURE_LAYOUTS)[number];

/** What made the features, as files written here say; a file of another tool says none of it. */
export interface FeatureKey {
  readonly encoder: string;
  /** SHA-256 of the encoder's definition and parameters. */
  readonly encoderDigest: string;
  /** Canonical JSON of how the tiles were cut. */
  readonly patches: string;
  readonly slideFingerprint: string;
  /** Of the program that wrote the file. It does not decide whether features are the same. */
  readonly toolVersion: string;
}

export interface FeatureFile {
  readonly layout: FeatureLayout;
  /** N. */
  readonly rows: number;
  /** D. */
  readonly size: number;
  readonly coordinates: {
    /** Of the tiles' top left corners: level-0 pixels, or micrometres. */
    readonly unit: 'pixels' | 'micrometres';
    /** Side of a tile in that unit; absent where the file does not say it. */
    readonly tileSide?: number;
  };
  /** Level-0 pixels of the slide, where the file says them. */
  readonly width?: number;
  readonly height?: number;
  /** Name of the encoder, where the file says it. */
  readonly encoder?: string;
  readonly key?: FeatureKey;
}

/** A whole file, read once and found to be sound. */
export interface SurveyedFeatures {
  readonly file: FeatureFile;
  /** [N, 2], x and y of each tile. */
  readonly coordinates: Float64Array;
  /**
   * SHA-256 of the numbers: the same for a copy with another compression, another float type that holds the same values,
   * or another layout with the same unit.
   */
  readonly digest: string;
  /** Rows that hold nothing but zeros, of which none is the last one. */
  readonly zeroRows: number;
}

/** Whether features can be used in the place of each other. The version of the tool does not matter. */
export function sameKey(one: FeatureKey, other: FeatureKey): boolean {
  return (
    one.encoder === other.encoder &&
    one.encoderDigest === other.encoderDigest &&
    one.patches === other.patches &&
    one.slideFingerprint === other.slideFingerprint
  );
}
