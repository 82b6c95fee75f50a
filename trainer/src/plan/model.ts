/** From a job's spec to what is trained: the engine's network, the head, and where each parameter lies. */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { embeddingSize } from '@wsi-operator/engine';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { createHead, describeHead, type Head, type HeadSpec } from '../heads/index.ts';
import type { FeatureKind } from '../tile-source/feature-kind.ts';
import { ParameterSpace } from './parameter-space.ts';
import { tileOrigin, type OriginDescription } from './tile-origin.ts';

/** What a checkpoint holds beside the numbers, so that it can be used without the job. */
export interface ModelDescription extends OriginDescription {
  readonly head: HeadSpec;
  readonly classes: readonly string[];
  /** The class that a score is the probability of, where the job names one. */
  readonly positive?: string;
  readonly threads: number;
}

export interface Model {
  readonly description: ModelDescription;
  readonly head: Head;
  readonly space: ParameterSpace;
}

/** @param features of which kind the tiles are, where they are rows of features */
export function describeModel(
  spec: WsiTrainingJobSpec,
  classes: readonly string[],
  features?: FeatureKind,
): ModelDescription {
  return {
    ...tileOrigin(features).describe(spec),
    head: describeHead(spec.model.head, classes),
    classes,
    ...positiveOf(spec, classes),
    threads: spec.training.threads,
  };
}

/** @throws WsiError `InvalidCohort` when there is no such class */
function positiveOf(
  { cohort: { outcome } }: WsiTrainingJobSpec,
  classes: readonly string[],
): Pick<ModelDescription, 'positive'> {
  if (outcome.type !== 'classification' || outcome.positive === undefined) return {};
  const { positive } = outcome;
  if (classes.includes(positive)) return { positive };
  throw new WsiError('InvalidCohort', `'${positive}' is none of the classes: ${classes.join(', ')}`, {
    where: 'spec.cohort.outcome.positive',
    remedy: publicText`Name one of them, as the table does, or leave the field out.`,
  });
}

/** Index of the class to distinguish from the others: the named one, or the second of two. */
export function positiveIndex({
  classes,
  positive,
}: Pick<ModelDescription, 'classes' | 'positive'>): number | undefined {
  if (positive !== undefined) return classes.indexOf(positive);
  return classes.length === 2 ? 1 : undefined;
}

/** @param training of a run that trains it */
export function buildModel(description: ModelDescription, training?: WsiTrainingJobSpec['training']): Model {
  const head = createHead(description.head, embeddingSize(description.network));
  return { description, head, space: new ParameterSpace(description.network, head, training) };
}
