/** Opens the source of a run's tiles. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import type { FeatureKind } from './feature-kind.ts';
import { FeatureTiles } from './feature-tiles.ts';
import { SlideTiles } from './slide-tiles.ts';
import type { TileSource, TileSourceOptions } from './tile-source.ts';

export type { TileSource, TileSourceOptions, PicturedSlide } from './tile-source.ts';
export { completed, kindOf, requireKind, type FeatureKind } from './feature-kind.ts';

/** How tiles are read: as they are cut from slides, or of which kind the features are. Workers are given it as JSON. */
export type TileSettings = WsiTrainingJobSpec['patches'] | { readonly features: FeatureKind };

/** What a model's description says of it. */
export function tileSettings({
  patches,
  features,
}: {
  readonly patches: WsiTrainingJobSpec['patches'];
  readonly features?: FeatureKind;
}): TileSettings {
  return features === undefined ? patches : { features };
}

export function openTileSource(settings: TileSettings, options: TileSourceOptions): TileSource {
  return 'features' in settings
    ? new FeatureTiles(settings.features, options)
    : new SlideTiles(settings, options);
}
