/** What can be computed: what tiles come as and the aggregator, which fix a body's parameters and graphs. */
import type { AggregatorName } from '@wsi-operator/api';
import type { AggregatorScores, AggregatorSettings } from './aggregators/aggregator.ts';
import { aggregators } from './aggregators/index.ts';
import { encoders } from './encoders/index.ts';
import { inputOf, invalid, requireName, type FeatureInput, type PixelInput } from './input.ts';

export type Aggregator = AggregatorSettings[AggregatorName];

/** A network of pixels. */
export interface TileNetwork extends PixelInput {
  readonly aggregator: Aggregator;
}

/** A network without an encoder: the rows that it is given are the embeddings. */
export interface FeatureNetwork extends FeatureInput {
  readonly aggregator: Aggregator;
}

export type Network = TileNetwork | FeatureNetwork;

/** The length d of a tile's embedding. @throws WsiError `InvalidArgument` for a network that cannot be built */
export function embeddingSize(network: Network): number {
  requireNetwork(network);
  return inputOf(network).embeddingSize;
}

/** See `Encoder.revision`. */
export function encoderRevision({ name }: TileNetwork['encoder']): number {
  return encoders[name].revision;
}

/** What a job says of its aggregator, as the settings of the one that it names. */
export function aggregatorSettings(job: {
  readonly name: AggregatorName;
  readonly hidden: number;
}): Aggregator {
  return aggregators[job.name].settings(job);
}

/** The part of an aggregator; for settings of that aggregator only. */
export function aggregatorOf(settings: Aggregator): AggregatorScores<AggregatorName> {
  // The table has for each name the part that takes its settings, which the compiler does not see in a union.
  return aggregators[settings.name];
}

/** @throws WsiError `InvalidArgument` that names the field and what it may be */
export function requireNetwork(network: Network): void {
  inputOf(network);
  const { aggregator } = network;
  requireName('aggregator', aggregator.name, Object.keys(aggregators));
  const wrong = aggregatorOf(aggregator).problem(aggregator);
  if (wrong !== undefined) throw invalid(`aggregator.${wrong.field}`, wrong.problem, wrong.allowed);
}
