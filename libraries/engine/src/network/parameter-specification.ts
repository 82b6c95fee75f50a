/**
 * What a part of a network says of each of its parameters: name, shape, first values. Pure: no TensorFlow.
 *
 * Shapes: a convolution's weights are [side, side, inputs, outputs] (pixels of the square kernel, channels of the image
 * before and after it), a gain or a bias is [outputs].
 */

/** How a tensor starts: a constant, or normal numbers of mean 0 and this standard deviation. */
export type Initial =
  | { readonly constant: number }
  | {
      readonly deviation: number;
      /**
       * The weights of each output are shifted by one number so that this is exactly their sum. With 0, what all inputs have
       * in common does not pass; with one sum for all outputs, it stays the same for all of them.
       */
      readonly sum?: number;
    };

/**
 * ReLU of a normal number of mean 0 has the variance 1/2 - 1/(2 pi) of it. Weights with a fixed sum see no more than that, so
 * with He's deviation this gain keeps the variance (Brock et al., Characterizing signal propagation to close the performance gap
 * in unnormalized ResNets, 2021).
 */
export const AFTER_RELU = 1 / Math.sqrt(1 - 1 / Math.PI);

/** Keeps the variance where no ReLU comes before: He's variance is made for one. */
export const WITHOUT_RELU = Math.SQRT1_2;

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether weight decay applies: not to gains and biases. */
  readonly decay: boolean;
  readonly initial: Initial;
}

/**
 * A square convolution [side, inputs, outputs] with He's initial weights, and the gain and bias that follow it.
 * @param sum of the weights of each output; absent: as they are drawn
 */
export function convolution(
  convolutionName: string,
  normName: string,
  [side, inputs, outputs]: readonly [number, number, number],
  gain: number,
  sum?: number,
): ParameterSpecification[] {
  const deviation = Math.sqrt(2 / (side * side * inputs));
  return [
    {
      name: `${convolutionName}.weight`,
      shape: [side, side, inputs, outputs],
      decay: true,
      initial: { deviation, ...(sum === undefined ? {} : { sum }) },
    },
    { name: `${normName}.weight`, shape: [outputs], decay: false, initial: { constant: gain } },
    { name: `${normName}.bias`, shape: [outputs], decay: false, initial: { constant: 0 } },
  ];
}
