/**
 * The flat parameter vector of a body (encoder and aggregator): which tensor lies where, and its first values. Pure:
 * no TensorFlow, so that parameter servers and tools can import it.
 *
 * Names follow PyTorch's habits. The element order is TensorFlow's: a convolution is [height, width, in, out] and a
 * linear layer is [in, out] (PyTorch: [out, in, height, width] and [out, in]), because the graphs use the vector in
 * place, without a transposition a call.
 *
 * Shapes: height and width pixels of a kernel; in and out channels, or for a linear layer the lengths of the vectors; the
 * flat vector is float32 [length], where length is the sum of all tensors' elements.
 */
import { RandomStream } from '@wsi-operator/foundation';
import { inputOf } from './input.ts';
import { aggregatorOf, embeddingSize, requireNetwork, type Network } from './network.ts';
import type { ParameterSpecification } from './parameter-specification.ts';

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
    if (initial.sum !== undefined) shiftToSum(part, tensor.shape.at(-1)!, initial.sum);
  }
  return values;
}

/** @param weights [inputs, outputs], of which each output's get this sum */
function shiftToSum(weights: Float32Array, outputs: number, sum: number): void {
  const sums = new Float64Array(outputs);
  for (let index = 0; index < weights.length; index++) sums[index % outputs]! += weights[index]!;
  const inputs = weights.length / outputs;
  for (let index = 0; index < weights.length; index++)
    weights[index]! += (sum - sums[index % outputs]!) / inputs;
}

function specifications(network: Network): readonly ParameterSpecification[] {
  requireNetwork(network);
  const { aggregator } = network;
  return [
    ...inputOf(network).parameters(),
    ...aggregatorOf(aggregator).parameters(aggregator, embeddingSize(network)),
  ];
}
