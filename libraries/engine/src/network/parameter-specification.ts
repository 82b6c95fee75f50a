/**
 * What a part of a network says of each of its parameters: name, shape, first values. Pure: no TensorFlow.
 *
 * Shapes: a convolution's weights are [side, side, inputs, outputs] (pixels of the square kernel, channels of the image
 * before and after it), a gain or a bias is [outputs].
 */

/** How a tensor starts: a constant, or normal numbers of mean 0 and this standard deviation. */
export type Initial = { readonly constant: number } | { readonly deviation: number };

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies: not to gains and biases. */
  readonly decay: boolean;
  readonly initial: Initial;
}

/** A square convolution [side, inputs, outputs] with He's initial weights, and the gain and bias that follow it. */
export function convolution(
  convolutionName: string,
  normName: string,
  [side, inputs, outputs]: readonly [number, number, number],
  gain: number,
): ParameterSpecification[] {
  return [
    {
      name: `${convolutionName}.weight`,
      shape: [side, side, inputs, outputs],
      decay: true,
      initial: { deviation: Math.sqrt(2 / (side * side * inputs)) },
    },
    { name: `${normName}.weight`, shape: [outputs], decay: false, initial: { constant: gain } },
    { name: `${normName}.bias`, shape: [outputs], decay: false, initial: { constant: 0 } },
  ];
}
