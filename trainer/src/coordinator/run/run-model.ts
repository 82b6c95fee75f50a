/** What a run trains, and on what: where the tiles are rows of features, the files decide what the model takes. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { removeUnfinished } from '@wsi-operator/features';
import type { S3Store } from '@wsi-operator/slides';
import { buildModel, describeModel, type Model } from '../../plan/model.ts';
import {
  kept,
  makeFeatureStore,
  openTileSource,
  tileSettings,
  type TileSettings,
  type TileSource,
  type TileSourceOptions,
} from '../../tile-source/index.ts';
import { featureKindOf } from '../survey/find-feature-kind.ts';

export interface RunModel {
  readonly model: Model;
  readonly source: TileSource;
  /** How the workers read the tiles. */
  readonly tiles: TileSettings;
  /** What to do when all is done and nobody reads tiles any more. */
  end(): Promise<void>;
}

/**
 * @param slides those of the cohort that are not in quarantine
 * @throws WsiError of a frozen encoder's weights; that names every file of features when none can be read
 */
export async function openModel(
  spec: WsiTrainingJob['spec'],
  { cases, classes }: Cohort,
  slides: readonly string[],
  {
    output,
    ...options
  }: Omit<TileSourceOptions, 'cacheBytes' | 'store'> & {
    readonly store: S3Store;
    readonly output: string;
  },
): Promise<RunModel> {
  const features = await featureKindOf(spec, slides, options.store);
  const model = buildModel(describeModel(spec, classes, features), spec.training);
  // Nothing is read twice here: the workers read the tiles.
  const tiles = tileSettings(model.description);
  const source = openTileSource(tiles, { ...options, cacheBytes: 0 });
  if (model.description.frozen === undefined) return { model, source, tiles, end: () => Promise.resolve() };
  // Of all slides: names must not change when one is found to be damaged.
  const all = [...new Set(cases.flatMap((of) => of.slides))];
  const place = await makeFeatureStore(output, all);
  return { model, source, tiles: kept(tiles, place), end: () => removeUnfinished(place.directory) };
}
