/** Opens the source of a run's tiles. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { extractedPatches } from '../extraction/messages.ts';
import type { OriginDescription } from '../plan/tile-origin.ts';
import type { FeatureKind } from './feature-kind.ts';
import type { FeatureStorePlace } from './feature-store.ts';
import { FeatureTiles } from './feature-tiles.ts';
import { FrozenTiles, type FrozenSettings } from './frozen-tiles.ts';
import { SlideTiles } from './slide-tiles.ts';
import type { TileSource, TileSourceOptions } from './tile-source.ts';

export { makeFeatureStore, TemporaryFeatureStore, type FeatureStorePlace } from './feature-store.ts';
export type { TileSource, TileSourceOptions, PicturedSlide } from './tile-source.ts';
export { completed, kindOf, requireKind, type FeatureKind } from './feature-kind.ts';

/**
 * How tiles are read: as they are cut from slides, or of which kind the features are, and how they are made where there are
 * slides only. Workers are given it as JSON.
 */
export type TileSettings =
  WsiTrainingJobSpec['patches'] | { readonly features: FeatureKind; readonly frozen?: FrozenSettings };

/** What a model's description says of it. */
export function tileSettings({
  patches,
  features,
  frozen,
}: Pick<OriginDescription, 'patches' | 'features' | 'frozen'>): TileSettings {
  if (features === undefined) return patches;
  if (frozen === undefined) return { features };
  const { encoder, weights, batch } = frozen;
  return { features, frozen: { encoder, weights, patches: { ...extractedPatches(patches), batch } } };
}

/** With where a run keeps the features that a frozen encoder makes. */
export function kept(settings: TileSettings, place: FeatureStorePlace | undefined): TileSettings {
  if (place === undefined || !('features' in settings) || settings.frozen === undefined) return settings;
  return { ...settings, frozen: { ...settings.frozen, place } };
}

export function openTileSource(settings: TileSettings, options: TileSourceOptions): TileSource {
  if (!('features' in settings)) return new SlideTiles(settings, options);
  const { features, frozen } = settings;
  return frozen === undefined
    ? new FeatureTiles(features, options)
    : new FrozenTiles(features, frozen, options);
}
