/**
 * A perceptron with one tanh hidden layer, or none: forward and vector-Jacobian product in float64. tanh rather than
 * ReLU: with few hidden units a dead one would cost the head its capacity, and the loss is smooth everywhere.
 *
 *     input [n, d] -> layer norm -> W1 [d, h], b1 [h] -> tanh -> W2 [h, k], b2 [k] -> output [n, k]
 *
 * Without a hidden layer the input is taken as it is.
 */
import { RandomStream } from '@wsi-operator/foundation';
import type { ParameterTensor } from './head.ts';
import { normalizeRows, normalizeRowsGradient, type Normalized } from './layer-norm.ts';

export interface PerceptronShape {
  readonly inputs: number;
  /** 0 = no hidden layer. */
  readonly hidden: number;
  readonly outputs: number;
  /** False where the loss does not see a constant added to all outputs (Cox). */
  readonly outputBias: boolean;
}

export interface Activations {
  /** `[rows, outputs]` */
  readonly output: Float64Array;
  /** `[rows, hidden]` after the tanh; the input itself when there is no hidden layer. */
  readonly hidden: Float64Array;
  /** What the hidden layer saw; undefined when there is none. */
  readonly normalized: Normalized | undefined;
}

export interface PerceptronGradient {
  readonly parameters: Float64Array;
  /** `[rows, inputs]` */
  readonly input: Float64Array;
}

export class Perceptron {
  readonly shape: PerceptronShape;
  readonly parameters: readonly ParameterTensor[];
  readonly length: number;
  readonly #outputOffset: number;

  constructor(shape: PerceptronShape) {
    const { inputs, hidden, outputs } = shape;
    const hiddenLayer = hidden > 0 ? [weight('hidden', inputs, hidden), bias('hidden', hidden)] : [];
    this.shape = shape;
    this.parameters = [
      ...hiddenLayer,
      weight('output', hidden > 0 ? hidden : inputs, outputs),
      ...(shape.outputBias ? [bias('output', outputs)] : []),
    ];
    this.length = totalLength(this.parameters);
    this.#outputOffset = totalLength(hiddenLayer);
  }

  /** Glorot and Bengio (2010): uniform in +-sqrt(6 / (fan in + fan out)); biases zero. */
  initial(seed: number): Float32Array {
    const values = new Float32Array(this.length);
    let offset = 0;
    for (const { name, shape, length } of this.parameters) {
      const [fanIn, fanOut] = shape;
      if (fanIn !== undefined && fanOut !== undefined) {
        const stream = new RandomStream(seed, `initial/${name}`);
        const bound = Math.sqrt(6 / (fanIn + fanOut));
        for (let index = 0; index < length; index++) {
          values[offset + index] = (2 * stream.uniform() - 1) * bound;
        }
      }
      offset += length;
    }
    return values;
  }

  /** @param input `[rows, inputs]` */
  forward(parameters: Float64Array, input: Float64Array, rows: number): Activations {
    const { inputs, hidden, outputs, outputBias } = this.shape;
    if (hidden === 0) {
      const layer = { inputs, outputs, offset: 0, bias: outputBias };
      return { output: affine(parameters, input, rows, layer), hidden: input, normalized: undefined };
    }
    const normalized = normalizeRows(input, inputs);
    const first = affine(parameters, normalized.values, rows, {
      inputs,
      outputs: hidden,
      offset: 0,
      bias: true,
    });
    for (let index = 0; index < first.length; index++) first[index] = Math.tanh(first[index]!);
    const layer = { inputs: hidden, outputs, offset: this.#outputOffset, bias: outputBias };
    return { output: affine(parameters, first, rows, layer), hidden: first, normalized };
  }

  /** @param outputGradient `[rows, outputs]`, of the loss with respect to {@link Activations.output} */
  backward(
    parameters: Float64Array,
    input: Float64Array,
    activations: Activations,
    outputGradient: Float64Array,
  ): PerceptronGradient {
    const { inputs, hidden, outputs, outputBias } = this.shape;
    const rows = outputGradient.length / outputs;
    const gradient = new Float64Array(this.length);
    const { normalized } = activations;
    if (normalized === undefined) {
      const layer = { inputs, outputs, offset: 0, bias: outputBias };
      return {
        parameters: gradient,
        input: affineGradient(parameters, input, outputGradient, layer, gradient),
      };
    }
    const last = { inputs: hidden, outputs, offset: this.#outputOffset, bias: outputBias };
    const hiddenGradient = affineGradient(parameters, activations.hidden, outputGradient, last, gradient);
    for (let index = 0; index < rows * hidden; index++) {
      const value = activations.hidden[index]!;
      hiddenGradient[index] = hiddenGradient[index]! * (1 - value * value);
    }
    const first = { inputs, outputs: hidden, offset: 0, bias: true };
    const seen = affineGradient(parameters, normalized.values, hiddenGradient, first, gradient);
    return { parameters: gradient, input: normalizeRowsGradient(normalized, seen) };
  }
}

interface AffineLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Of the weight in the parameter vector; the bias follows the weight. */
  readonly offset: number;
  readonly bias: boolean;
}

function affine(
  parameters: Float64Array,
  input: Float64Array,
  rows: number,
  layer: AffineLayer,
): Float64Array {
  const { inputs, outputs, offset } = layer;
  const output = new Float64Array(rows * outputs);
  const biasOffset = offset + inputs * outputs;
  for (let row = 0; row < rows; row++) {
    const base = row * outputs;
    if (layer.bias) {
      for (let unit = 0; unit < outputs; unit++) output[base + unit] = parameters[biasOffset + unit]!;
    }
    for (let feature = 0; feature < inputs; feature++) {
      const value = input[row * inputs + feature]!;
      const weights = offset + feature * outputs;
      for (let unit = 0; unit < outputs; unit++) {
        output[base + unit] = output[base + unit]! + value * parameters[weights + unit]!;
      }
    }
  }
  return output;
}

/** Adds the layer's parameter gradient into `gradient` and returns that of its input. */
function affineGradient(
  parameters: Float64Array,
  input: Float64Array,
  outputGradient: Float64Array,
  layer: AffineLayer,
  gradient: Float64Array,
): Float64Array {
  const { inputs, outputs, offset } = layer;
  const rows = outputGradient.length / outputs;
  const inputGradient = new Float64Array(rows * inputs);
  const biasOffset = offset + inputs * outputs;
  for (let row = 0; row < rows; row++) {
    const base = row * outputs;
    if (layer.bias) {
      for (let unit = 0; unit < outputs; unit++) {
        gradient[biasOffset + unit] = gradient[biasOffset + unit]! + outputGradient[base + unit]!;
      }
    }
    for (let feature = 0; feature < inputs; feature++) {
      const value = input[row * inputs + feature]!;
      const weights = offset + feature * outputs;
      let sum = 0;
      for (let unit = 0; unit < outputs; unit++) {
        const cotangent = outputGradient[base + unit]!;
        gradient[weights + unit] = gradient[weights + unit]! + value * cotangent;
        sum += cotangent * parameters[weights + unit]!;
      }
      inputGradient[row * inputs + feature] = sum;
    }
  }
  return inputGradient;
}

function weight(layer: string, inputs: number, outputs: number): ParameterTensor {
  return { name: `head.${layer}.weight`, shape: [inputs, outputs], length: inputs * outputs, decay: true };
}

function bias(layer: string, outputs: number): ParameterTensor {
  return { name: `head.${layer}.bias`, shape: [outputs], length: outputs, decay: false };
}

function totalLength(tensors: readonly ParameterTensor[]): number {
  return tensors.reduce((sum, { length }) => sum + length, 0);
}
