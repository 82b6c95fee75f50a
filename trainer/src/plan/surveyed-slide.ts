/** What the survey reports of a slide: all that planning, training and predicting need of it. */
import type { DensityMap, StatedResolution } from '@wsi-operator/protocol';
import type { SlideIdentity, SlideSignature } from '@wsi-operator/slides';

export interface SurveyedSlide {
  readonly slide: string;
  /** int32 pairs (x, y): the tiles' top left corners in level-0 pixels, in row-major order. */
  readonly coordinates: Int32Array;
  readonly tiles: number;
  /** Sides of a tile in level-0 pixels. */
  readonly footprint: { readonly x: number; readonly y: number };
  readonly fingerprint: string;
  readonly digest: string;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  /** The resolution that the cohort states for it. */
  readonly stated?: StatedResolution | undefined;
  /** What normalises its stains. */
  readonly stain?: DensityMap | undefined;
  /** The file as it was before it was surveyed. */
  readonly file: SlideIdentity;
  /** What it shows. */
  readonly signature: SlideSignature;
}
