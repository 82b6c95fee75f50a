/**
 * What the graph computes of an aggregator, on the worker: the raw scores by which tiles weigh in their bag. What becomes of
 * embeddings and scores, the trainer's part of the same name says (`trainer/src/aggregators`).
 *
 * Shapes: n tiles of a shard, some of those of their bag; d the length of an embedding.
 */
import type { AggregatorName } from '@wsi-operator/api';
import type { Value } from '../../graph/graph.ts';
import type { Tape } from '../../graph/tape.ts';
import type { Parameters } from '../encoders/encoder.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';

/** The settings of each, as a checkpoint holds them. */
export interface AggregatorSettings {
  readonly attention: {
    readonly name: 'attention';
    /** Width of the gate's two hidden layers. */
    readonly hidden: number;
  };
  readonly mean: { readonly name: 'mean' };
  readonly instance: { readonly name: 'instance' };
}

export interface AggregatorScores<Name extends AggregatorName> {
  /** From what the job says of all aggregators. */
  settings(job: { readonly hidden: number }): AggregatorSettings[Name];
  /** What is wrong with the settings, of which field, and what it may be. */
  problem(settings: AggregatorSettings[Name]): InvalidSetting | undefined;
  /** In the order in which they lie in the flat vector; names begin with the aggregator's. */
  parameters(settings: AggregatorSettings[Name], embeddingSize: number): readonly ParameterSpecification[];
  /** Raw scores [n] of embeddings [n, d]; absent where all tiles weigh alike. */
  readonly scores?: (tape: Tape, parameters: Parameters, embeddings: Value) => Value;
}

export interface InvalidSetting {
  readonly field: string;
  readonly problem: string;
  readonly allowed: string;
}
