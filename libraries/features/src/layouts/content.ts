/** What a written file says beside the numbers, in each layout (pure). */
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { FeatureKey, FeatureLayout } from '../feature-file.ts';

export interface FeatureContent {
  readonly layout: FeatureLayout;
  /** D. */
  readonly size: number;
  readonly key: FeatureKey;
  /** The slide's name without its directory and extension. */
  readonly slide: string;
  /** Level-0 pixels. */
  readonly width: number;
  readonly height: number;
  readonly tile: {
    /** Side as the encoder sees it, in its pixels. */
    readonly side: number;
    /** Side in level-0 pixels. */
    readonly level0Side: number;
    /** Pixels by which neighbours overlap, in the encoder's pixels. */
    readonly overlap: number;
    /** Micrometres per pixel that the encoder sees, and of level 0; absent where the slide does not say it. */
    readonly resolution?: { readonly mpp: number; readonly level0Mpp: number };
  };
}

export type Attribute =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly integer: number }
  | { readonly name: string; readonly real: number };

export interface WrittenLayout {
  readonly features: string;
  /** Integers are level-0 pixels, floats micrometres. */
  readonly coordinates: 'int64' | 'float64';
  /** Micrometres per unit of the given coordinates, which are level-0 pixels; 1 to keep them. */
  readonly scale: number;
  readonly attributes: {
    readonly file: readonly Attribute[];
    readonly features: readonly Attribute[];
    readonly coords: readonly Attribute[];
  };
}

/** An objective's magnification by the usual rule: 10 micrometres per pixel and power of ten. */
const MICROMETRES_TIMES_POWER = 10;

/** @throws WsiError `InvalidArgument` for STAMP's layout without a resolution */
export function writtenLayout(content: FeatureContent): WrittenLayout {
  const { layout, key, slide, tile, width, height } = content;
  const own: readonly Attribute[] = [
    { name: 'wsi_encoder', text: key.encoder },
    { name: 'wsi_encoder_digest', text: key.encoderDigest },
    { name: 'wsi_patches', text: key.patches },
    { name: 'wsi_slide_fingerprint', text: key.slideFingerprint },
    { name: 'wsi_version', text: key.toolVersion },
  ];
  if (layout === 'stamp') {
    const { level0Mpp } = tile.resolution ?? noMicrometres();
    return {
      features: 'feats',
      coordinates: 'float64',
      scale: level0Mpp,
      attributes: {
        file: [
          // Its readers refuse a file that is newer than they are.
          { name: 'stamp_version', text: '2.0.0' },
          { name: 'extractor', text: key.encoder },
          { name: 'unit', text: 'um' },
          { name: 'tile_size_um', real: tile.level0Side * level0Mpp },
          { name: 'tile_size_px', integer: tile.side },
          { name: 'code_hash', text: key.encoderDigest },
          { name: 'feat_type', text: 'tile' },
          ...own,
        ],
        features: [],
        coords: [],
      },
    };
  }
  // TRIDENT names the directory it wrote to: a machine's paths do not belong into a file that is passed on.
  const named: readonly Attribute[] = [
    { name: 'name', text: slide },
    { name: 'savetodir', text: '.' },
  ];
  const power = (mpp: number): number => Math.round(MICROMETRES_TIMES_POWER / mpp);
  // Left out where it is not known: a reader that needs it stops, and a number that was made up would be believed.
  const powers: readonly Attribute[] =
    tile.resolution === undefined
      ? []
      : [
          { name: 'level0_magnification', integer: power(tile.resolution.level0Mpp) },
          { name: 'target_magnification', integer: power(tile.resolution.mpp) },
        ];
  return {
    features: 'features',
    coordinates: 'int64',
    scale: 1,
    attributes: {
      file: own,
      features: layout === 'trident' ? [...named, { name: 'encoder', text: key.encoder }] : [],
      coords:
        layout === 'trident'
          ? [
              { name: 'patch_size', integer: tile.side },
              { name: 'patch_size_level0', integer: Math.round(tile.level0Side) },
              ...powers,
              { name: 'overlap', integer: tile.overlap },
              { name: 'level0_width', integer: width },
              { name: 'level0_height', integer: height },
              ...named,
            ]
          : [],
    },
  };
}

function noMicrometres(): never {
  throw new WsiError(
    'InvalidArgument',
    publicText`the layout stamp has places in micrometres, and the slide does not say its resolution.`,
    {
      remedy: publicText`State the resolution of the slide, or choose another layout.`,
    },
  );
}
