/** What a model says of a bag, in a run and in a prediction. */
import { AGGREGATORS, type AggregatorName } from '@wsi-operator/api';
import { aggregations, type ScoreContext, type ScoredBag } from '../aggregators/index.ts';
import { NO_AUGMENTATION, type PlannedBag } from '../plan/bags.ts';
import { embedBag, type EmbedOptions } from './embedding.ts';

/** Bags whose tasks are open at a time: a cohort's would not fit in memory all at once. */
export const bagsAtOnce = 64;

export interface ScoringModel extends ScoreContext {
  readonly aggregator: AggregatorName;
}

export type ScoringOptions = Omit<EmbedOptions, 'gather' | 'attention' | 'augmentation'> & {
  readonly tileScores: boolean;
};

/** @param index of the bag among those that are scored */
export async function scoreBag(
  bag: Pick<PlannedBag, 'blocks'>,
  index: number,
  model: ScoringModel,
  options: ScoringOptions,
): Promise<ScoredBag> {
  const aggregation = aggregations[model.aggregator];
  const embedded = await embedBag(bag, index, {
    ...options,
    gather: aggregation.gathers,
    attention: options.tileScores && AGGREGATORS[model.aggregator].heatmap === 'attention',
    augmentation: NO_AUGMENTATION,
  });
  return aggregation.score(embedded, model);
}
