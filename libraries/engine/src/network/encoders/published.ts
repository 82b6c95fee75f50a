/**
 * How the weights that others publish for an encoder become its parameters. An encoder lists what a file must hold, by the
 * names of whoever publishes it, and pure functions from those tensors to its own parameters; reading and checking the
 * file is the same for all (`weights/`). Pure: no TensorFlow, no files.
 *
 * Shapes: PyTorch's convolutions are [out, in, height, width] and its linear layers [out, in]; ours are
 * [height, width, in, out] and [in, out], see `parameters.ts`.
 */

/** A tensor of a file, in the file's order of elements. Values of half precision have been widened, which is exact. */
export interface PublishedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface PublishedShape {
  /** As in the file, without a prefix that all its tensors share. */
  readonly name: string;
  /** `undefined` stands for any length of 1 to {@link LONGEST_FREE_SIDE}: `convert` refuses those that it cannot take. */
  readonly shape: readonly (number | undefined)[];
}

/** The most that a length which is not fixed may be; it bounds the memory that a file can ask for. */
export const LONGEST_FREE_SIDE = 16_384;

/** One parameter of the encoder, computed from tensors of the file. A tensor may serve several parameters. */
export interface Conversion {
  /** The name of a parameter of the encoder, with its prefix `encoder.`. */
  readonly parameter: string;
  readonly from: readonly PublishedShape[];
  /**
   * The elements of the parameter in its own order.
   * @param tensors as `from` lists them
   * @throws WsiError `InvalidArgument` for a shape with a free side that does not fit
   */
  readonly convert: (...tensors: readonly PublishedTensor[]) => Float32Array;
}

export interface PublishedWeights {
  /** Who uses these names, for messages: `torchvision and timm`. */
  readonly by: string;
  /** Exactly one for each parameter of the encoder. */
  readonly conversions: readonly Conversion[];
  /** Names of tensors beside them that an encoder has no use for, such as the classifier's. */
  readonly ignored: readonly RegExp[];
}

/** What nobody needs of any file: counters of batch normalisation. */
export const ALWAYS_IGNORED: readonly RegExp[] = [/(^|\.)num_batches_tracked$/];

/** [out, in, height, width] to [height, width, in, out]. */
export function hwio({ shape, values }: PublishedTensor): Float32Array {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = shape;
  const pixels = height * width;
  const result = new Float32Array(values.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      const source = (output * inputs + input) * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) {
        result[(pixel * inputs + input) * outputs + output] = values[source + pixel]!;
      }
    }
  }
  return result;
}

/** [out, in] to [in, out]. */
export function transposed({ shape, values }: PublishedTensor): Float32Array {
  const [outputs = 1, inputs = 1] = shape;
  return hwio({ shape: [outputs, inputs, 1, 1], values });
}

/** The same numbers in the same order. */
export function asItIs({ values }: PublishedTensor): Float32Array {
  return values;
}

/** A square convolution without a bias, [side, inputs, outputs]. Depthwise: inputs 1 and outputs the channels. */
export function publishedConvolution(
  parameter: string,
  name: string,
  [side, inputs, outputs]: readonly [number, number, number],
): Conversion {
  return { parameter, from: [{ name, shape: [outputs, inputs, side, side] }], convert: hwio };
}

/** A linear layer's weights, [inputs, outputs]. */
export function publishedLinear(
  parameter: string,
  name: string,
  [inputs, outputs]: readonly [number, number],
): Conversion {
  return { parameter, from: [{ name, shape: [outputs, inputs] }], convert: transposed };
}

/** A tensor that is the same in both: a bias, a gain, tokens. */
export function publishedAsItIs(parameter: string, name: string, shape: readonly number[]): Conversion {
  return { parameter, from: [{ name, shape }], convert: asItIs };
}

/** The frozen form of batch normalisation: a gain and a bias a channel. */
export interface FoldedNorm {
  readonly channels: number;
  /** What is added to the variance before its root; PyTorch's default is 1e-5. */
  readonly epsilon: number;
}

/**
 * Batch normalisation with its statistics as a gain and a bias, in float64:
 *
 *     gain = weight / sqrt(variance + epsilon)        bias' = bias - mean gain
 *
 * @param parameter without `.weight` and `.bias`, which are added @param name as `parameter`, in the file
 */
export function publishedNorm(
  parameter: string,
  name: string,
  { channels, epsilon }: FoldedNorm,
): Conversion[] {
  const of = (part: string): PublishedShape => ({ name: `${name}.${part}`, shape: [channels] });
  const gain = (weight: PublishedTensor, variance: PublishedTensor, channel: number): number =>
    weight.values[channel]! / Math.sqrt(variance.values[channel]! + epsilon);
  return [
    {
      parameter: `${parameter}.weight`,
      from: [of('weight'), of('running_var')],
      convert: (weight, variance) =>
        Float32Array.from({ length: channels }, (_, channel) => gain(weight, variance, channel)),
    },
    {
      parameter: `${parameter}.bias`,
      from: [of('weight'), of('running_var'), of('running_mean'), of('bias')],
      convert: (weight, variance, mean, bias) =>
        Float32Array.from(
          { length: channels },
          (_, channel) => bias.values[channel]! - mean.values[channel]! * gain(weight, variance, channel),
        ),
    },
  ];
}
