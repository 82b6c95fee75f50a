/** What can be computed: the encoder, the aggregator and the tile size that fix a body's parameters and graphs. */
import { ENCODERS, type AggregatorName, type EncoderName } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import type { AggregatorScores, AggregatorSettings } from './aggregators/aggregator.ts';
import { aggregators } from './aggregators/index.ts';
import { encoders } from './encoders/index.ts';

export type Aggregator = AggregatorSettings[AggregatorName];

export interface Network {
  readonly encoder: { readonly name: EncoderName };
  readonly aggregator: Aggregator;
  /** Side of the square tiles, in pixels. */
  readonly tileSize: number;
}

const SMALLEST_TILE = 28;

/** The length d of a tile's embedding. @throws WsiError `InvalidArgument` for a network that cannot be built */
export function embeddingSize(network: Network): number {
  requireNetwork(network);
  return encoders[network.encoder.name].embeddingSize;
}

/** See `Encoder.revision`. */
export function encoderRevision({ name }: Network['encoder']): number {
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
export function requireNetwork({ encoder, aggregator, tileSize }: Network): void {
  requireName('encoder', encoder.name, Object.keys(encoders));
  const { stride } = ENCODERS[encoder.name];
  if (!Number.isInteger(tileSize) || tileSize % stride !== 0 || tileSize < SMALLEST_TILE) {
    throw invalid(
      'tileSize',
      `${encoder.name} cannot take tiles of ${tileSize} pixels`,
      `a multiple of ${stride} that is ${SMALLEST_TILE} or more`,
    );
  }
  requireName('aggregator', aggregator.name, Object.keys(aggregators));
  const wrong = aggregatorOf(aggregator).problem(aggregator);
  if (wrong !== undefined) throw invalid(`aggregator.${wrong.field}`, wrong.problem, wrong.allowed);
}

function requireName(part: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const [last = '', ...others] = [...known].reverse();
  const list = others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`;
  throw invalid(`${part}.name`, `no ${part} is called "${name}"`, list);
}

function invalid(where: string, problem: string, allowed: string): WsiError {
  return new WsiError('InvalidArgument', `${problem}.`, { where, remedy: `Choose ${allowed}.` });
}
