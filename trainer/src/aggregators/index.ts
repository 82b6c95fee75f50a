/** The aggregators by name: this does not compile while one that a job may choose is missing. */
import type { AggregatorName } from '@wsi-operator/api';
import type { Aggregation } from './aggregation.ts';
import { instance } from './instance.ts';
import { pooled } from './pooled.ts';

export type {
  Aggregation,
  Cotangent,
  EmbeddedBag,
  ScoreContext,
  ScoredBag,
  StepBags,
  StepLoss,
} from './aggregation.ts';

export const aggregations: Readonly<Record<AggregatorName, Aggregation>> = {
  attention: pooled,
  mean: pooled,
  instance,
};
