/** What the graph computes of each aggregator: this does not compile while one that a job may choose is missing. */
import type { AggregatorName } from '@wsi-operator/api';
import type { AggregatorScores } from './aggregator.ts';
import { attention } from './attention.ts';

/** Without parameters of its own: all tiles weigh alike. */
const unweighted = { problem: () => undefined, parameters: () => [] };

export const aggregators: { readonly [Name in AggregatorName]: AggregatorScores<Name> } = {
  attention,
  mean: { ...unweighted, settings: () => ({ name: 'mean' }) },
  instance: { ...unweighted, settings: () => ({ name: 'instance' }) },
};
