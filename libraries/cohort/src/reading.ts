import type { ProblemCode } from './problems.ts';

/** What a cell's text means, or why it means nothing. */
export type Reading<T> =
  { readonly value: T } | { readonly code: ProblemCode; readonly message: string; readonly remedy?: string };
