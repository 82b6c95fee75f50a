/** The heads by name: this does not compile while one that a job may choose is missing. */
import type { HeadName } from '@wsi-operator/api';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { classification } from './classification.ts';
import { cox } from './cox-head.ts';
import type { Head, HeadKind, HeadSpec, JobHead } from './head.ts';

export const heads: { readonly [Name in HeadName]: HeadKind<Name> } = { classification, cox };

/**
 * @param embeddingSize length of a bag's embedding
 * @throws WsiError `InvalidArgument` for fewer than two classes or sizes that are not whole numbers
 */
export function createHead(spec: HeadSpec, embeddingSize: number): Head {
  if (
    !Number.isInteger(embeddingSize) ||
    embeddingSize < 1 ||
    !Number.isInteger(spec.hidden) ||
    spec.hidden < 0
  ) {
    throw new WsiError(
      'InvalidArgument',
      publicText`A head needs an embedding of at least one number and a hidden size of 0 or more, not ${embeddingSize} and ${spec.hidden}.`,
    );
  }
  return kindOf(spec.name).create(spec, embeddingSize);
}

/** What a checkpoint says of the head that a job asks for. @param classes of the cohort, in order */
export function describeHead(head: JobHead<HeadName>, classes: readonly string[]): HeadSpec {
  return kindOf(head.name).describe(head, classes);
}

function kindOf(name: HeadName): HeadKind<HeadName> {
  // The table has for each name the kind that takes its settings, which the compiler does not see in a union.
  return heads[name] as HeadKind<HeadName>;
}
