/**
 * The flat parameter vector of a body (encoder and aggregator): which tensor lies where, and its first values. Pure:
 * no TensorFlow, so that parameter servers and tools can import it.
 *
 * Names follow PyTorch's habits. The element order is TensorFlow's: a convolution is [height, width, in, out] and a
 * linear layer is [in, out] (PyTorch: [out, in, height, width] and [out, in]), because the graphs use the vector in
 * place, without a transposition a call.
 */
import { RandomStream } from '@wsi/foundation';
import { embeddingSize, requireNetwork, type Network } from './network.ts';

export interface ParameterTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Index of the first element in the flat vector. */
  readonly offset: number;
  /** Number of elements. */
  readonly length: number;
  /** Whether weight decay applies: not to gains and biases. */
  readonly decay: boolean;
}

export interface ParameterLayout {
  readonly tensors: readonly ParameterTensor[];
  /** Elements of the flat vector; the tensors fill it without gaps. */
  readonly length: number;
}

/** How a tensor starts: a constant, or normal numbers of mean 0 and this standard deviation. */
export type Initial = { readonly constant: number } | { readonly deviation: number };

export interface ParameterSpecification {
  readonly name: string;
  readonly shape: readonly number[];
  readonly decay: boolean;
  readonly initial: Initial;
}

/** Where the flat vector of a network holds what. @throws WsiError `InvalidArgument` */
export function parameterLayout(network: Network): ParameterLayout {
  let offset = 0;
  const tensors = specifications(network).map(({ name, shape, decay }) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const tensor = { name, shape, offset, length, decay };
    offset += length;
    return tensor;
  });
  return { tensors, length: offset };
}

/**
 * The parameters before the first step. Every tensor has its own random stream, named after it, so that the same
 * seed gives an encoder the same weights under any aggregator.
 */
export function initialParameters(network: Network, seed: number): Float32Array {
  const { tensors, length } = parameterLayout(network);
  const values = new Float32Array(length);
  for (const [index, { initial }] of specifications(network).entries()) {
    const tensor = tensors[index]!;
    const part = values.subarray(tensor.offset, tensor.offset + tensor.length);
    if ('constant' in initial) {
      part.fill(initial.constant);
      continue;
    }
    const stream = new RandomStream(seed, `parameters/${tensor.name}`);
    for (let element = 0; element < part.length; element++)
      part[element] = stream.normal() * initial.deviation;
  }
  return values;
}

function specifications(network: Network): ParameterSpecification[] {
  requireNetwork(network);
  const encoder = network.encoder.name === 'tiny' ? tinyParameters() : resnet18Parameters();
  return [...encoder, ...aggregatorParameters(network)];
}

/** Channels after the stem and the three stages of `tiny`; each of the four halves the sides. */
export const TINY_CHANNELS = [16, 32, 64, 128] as const;
export const TINY_NAMES = ['stem', 'stage1', 'stage2', 'stage3'] as const;

/**
 * The gain that keeps the variance at 1 through a ReLU: sqrt(2 / (1 - 1 / pi)) (Brock et al., Characterizing signal
 * propagation to close the performance gap in unnormalized ResNets, 2021).
 */
const RELU_GAIN = Math.sqrt(2 / (1 - 1 / Math.PI));

function tinyParameters(): ParameterSpecification[] {
  let inputs = 3;
  return TINY_NAMES.flatMap((name, index) => {
    const outputs = TINY_CHANNELS[index]!;
    const gain = index === 0 ? 1 : RELU_GAIN;
    const parameters = convolution(
      `encoder.${name}.conv`,
      `encoder.${name}.norm`,
      [3, inputs, outputs],
      gain,
    );
    inputs = outputs;
    return parameters;
  });
}

/** Channels of ResNet's four layers; layers 2 to 4 start with a stride of 2. */
export const RESNET_CHANNELS = [64, 128, 256, 512] as const;

function resnet18Parameters(): ParameterSpecification[] {
  // The stem's input has no ReLU before it, so half of He's variance keeps the scale.
  const parameters = convolution('encoder.conv1', 'encoder.bn1', [7, 3, 64], Math.SQRT1_2);
  let inputs = 64;
  for (const [layer, outputs] of RESNET_CHANNELS.entries()) {
    for (const block of [0, 1]) {
      const name = `encoder.layer${layer + 1}.${block}`;
      parameters.push(
        ...convolution(`${name}.conv1`, `${name}.bn1`, [3, inputs, outputs], 1),
        // A block starts as its shortcut (De and Smith, Batch normalization biases residual blocks towards the
        // identity function in deep networks, 2020): without statistics, nothing else keeps the variance bounded.
        ...convolution(`${name}.conv2`, `${name}.bn2`, [3, outputs, outputs], 0),
      );
      if (inputs !== outputs) {
        parameters.push(
          ...convolution(`${name}.downsample.0`, `${name}.downsample.1`, [1, inputs, outputs], 1),
        );
      }
      inputs = outputs;
    }
  }
  return parameters;
}

/** A square convolution [side, inputs, outputs] with He's initial weights, and the gain and bias that follow it. */
function convolution(
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

function aggregatorParameters(network: Network): ParameterSpecification[] {
  if (network.aggregator.name !== 'attention') return [];
  const { hidden } = network.aggregator;
  const inputs = embeddingSize(network);
  const linear = (name: string, shape: readonly [number, number]): ParameterSpecification => ({
    name: `attention.${name}.weight`,
    shape,
    decay: true,
    // Glorot and Bengio, 2010: what follows is tanh, sigmoid or nothing.
    initial: { deviation: Math.sqrt(2 / (shape[0] + shape[1])) },
  });
  const bias = (name: string): ParameterSpecification => ({
    name: `attention.${name}.bias`,
    shape: [hidden],
    decay: false,
    initial: { constant: 0 },
  });
  // The score has no bias: the softmax over the bag takes it out again.
  return [
    linear('V', [inputs, hidden]),
    bias('V'),
    linear('U', [inputs, hidden]),
    bias('U'),
    linear('score', [hidden, 1]),
  ];
}
