/** From a job's spec to what is trained: the engine's network, the head, and where each parameter lies. */
import type { WsiTrainingJobSpec } from '@wsi/api';
import { embeddingSize, type Network } from '@wsi/engine';
import { createHead, type Head, type HeadSpec } from '../heads/index.ts';
import { ParameterSpace } from './parameter-space.ts';

/** What a checkpoint holds beside the numbers, so that it can be used without the job. */
export interface ModelDescription {
  readonly network: Network;
  readonly head: HeadSpec;
  readonly classes: readonly string[];
  readonly patches: WsiTrainingJobSpec['patches'];
  readonly threads: number;
}

export interface Model {
  readonly description: ModelDescription;
  readonly head: Head;
  readonly space: ParameterSpace;
}

export function describeModel(spec: WsiTrainingJobSpec, classes: readonly string[]): ModelDescription {
  const { encoder, aggregator, head } = spec.model;
  return {
    network: {
      encoder: { name: encoder.name },
      aggregator:
        aggregator.name === 'attention'
          ? { name: 'attention', hidden: aggregator.hidden }
          : { name: aggregator.name },
      tileSize: spec.patches.size,
    },
    head:
      head.name === 'cox'
        ? { name: 'cox', ties: head.ties, hidden: head.hidden }
        : { name: 'classification', classes: classes.length, hidden: head.hidden },
    classes,
    patches: spec.patches,
    threads: spec.training.threads,
  };
}

export function buildModel(description: ModelDescription): Model {
  const head = createHead(description.head, embeddingSize(description.network));
  return { description, head, space: new ParameterSpace(description.network, head) };
}
