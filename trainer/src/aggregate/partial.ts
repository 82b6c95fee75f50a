/**
 * Partial aggregates of a bag: attention pooling z = sum_i softmax(a)_i h_i (Ilse, Tomczak and Welling, 2018) over
 * any part of a bag in 2 + d numbers, merged by the log-sum-exp rule. Mean pooling is the same with all a_i = 0.
 */
import { reduceTree } from './tree.ts';

export interface Partial {
  /** max a_i of the tiles in this part. */
  readonly maximum: number;
  /** sum exp(a_i - maximum) */
  readonly sum: number;
  /** float64 [d]: sum exp(a_i - maximum) h_i */
  readonly weighted: Float64Array;
}

/** A whole bag: its embedding and log sum exp(a_i). */
export interface Bag {
  readonly embedding: Float64Array;
  readonly logSumExp: number;
}

/**
 * @param attention float32 [n] raw scores
 * @param embeddings float32 [n, d]
 */
export function partialOf(attention: Float32Array, embeddings: Float32Array): Partial {
  const count = attention.length;
  if (count === 0 || embeddings.length % count !== 0) {
    throw new RangeError(`${embeddings.length} embedding values do not divide over ${count} tiles`);
  }
  const size = embeddings.length / count;
  let maximum = -Infinity;
  for (const score of attention) maximum = Math.max(maximum, score);
  let sum = 0;
  const weighted = new Float64Array(size);
  for (let tile = 0; tile < count; tile++) {
    const weight = Math.exp(attention[tile]! - maximum);
    sum += weight;
    for (let feature = 0; feature < size; feature++) {
      weighted[feature] = weighted[feature]! + weight * embeddings[tile * size + feature]!;
    }
  }
  return { maximum, sum, weighted };
}

export function mergePartials(left: Partial, right: Partial): Partial {
  const maximum = Math.max(left.maximum, right.maximum);
  const leftScale = Math.exp(left.maximum - maximum);
  const rightScale = Math.exp(right.maximum - maximum);
  const weighted = left.weighted.map(
    (value, feature) => value * leftScale + right.weighted[feature]! * rightScale,
  );
  return { maximum, sum: left.sum * leftScale + right.sum * rightScale, weighted };
}

/** The bag of all its parts, in their order, over the canonical tree. */
export function bagOf(partials: readonly Partial[]): Bag {
  const whole = reduceTree(partials, mergePartials);
  return {
    embedding: whole.weighted.map((value) => value / whole.sum),
    logSumExp: whole.maximum + Math.log(whole.sum),
  };
}
