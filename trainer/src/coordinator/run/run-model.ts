/** What a run trains, and on what: where the tiles are rows of features, the files decide what the model takes. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import { buildModel, describeModel, type Model } from '../../plan/model.ts';
import {
  openTileSource,
  tileSettings,
  type TileSource,
  type TileSourceOptions,
} from '../../tile-source/index.ts';
import { findFeatureKind } from '../survey/find-feature-kind.ts';

/**
 * @param slides those of the cohort that are not in quarantine
 * @throws WsiError that names every file of features when none can be read
 */
export async function openModel(
  spec: WsiTrainingJob['spec'],
  { classes }: Cohort,
  slides: readonly string[],
  options: Omit<TileSourceOptions, 'cacheBytes'>,
): Promise<{ readonly model: Model; readonly source: TileSource }> {
  const features = spec.cohort.features === undefined ? undefined : await findFeatureKind(slides);
  const model = buildModel(describeModel(spec, classes, features), spec.training);
  // Nothing is read twice here: the workers read the tiles.
  const source = openTileSource(tileSettings(model.description), { ...options, cacheBytes: 0 });
  return { model, source };
}
