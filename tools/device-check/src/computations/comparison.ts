/** How far a gradient is from another, and from finite differences (pure). */
import type { ParameterTensor } from '@wsi-operator/engine';
import type { GradientErrors } from './messages.ts';

export interface Slope {
  /** The direction in which the parameters move, [length]. */
  readonly direction: Float32Array;
  /** The finite difference of the loss along it. */
  readonly slope: number;
}

/**
 * @param gradient flat [length], that is judged
 * @param reference flat [length], and slopes by finite differences of the same loss
 * @param tensors where the flat vectors hold what
 */
export function gradientErrors(
  gradient: Float32Array,
  { reference, slopes }: { readonly reference: Float32Array; readonly slopes: readonly Slope[] },
  tensors: readonly ParameterTensor[],
): GradientErrors {
  const errors = tensors.map(({ name: tensor, offset, length }) => {
    const part = (of: Float32Array): Float32Array => of.subarray(offset, offset + length);
    return { tensor, error: relativeError(part(gradient), part(reference)) };
  });
  return {
    overall: relativeError(gradient, reference),
    // What is no number is the worst.
    worst: errors.reduce((a, b) => (b.error > a.error || Number.isNaN(b.error) ? b : a)),
    slope: Math.max(...slopes.map((slope) => slopeError(gradient, slope))),
  };
}

/** |a - b| / |b|, Euclidean; 0 where both are 0. */
function relativeError(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let index = 0; index < b.length; index++) {
    difference += (a[index]! - b[index]!) ** 2;
    norm += b[index]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** Over the root of the slope's mean square over all directions: a single slope may happen to be near 0. */
function slopeError(gradient: Float32Array, { direction, slope }: Slope): number {
  let product = 0;
  let norm = 0;
  let length = 0;
  for (let index = 0; index < gradient.length; index++) {
    product += gradient[index]! * direction[index]!;
    norm += gradient[index]! ** 2;
    length += direction[index]! ** 2;
  }
  return Math.abs(product - slope) / Math.sqrt((norm * length) / gradient.length);
}
