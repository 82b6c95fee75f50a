/** Differentiable operations, with TensorFlow's fused gradient operations for rules. Images are NHWC. */
import { binary, multiplyMatrices, reduce, reshape, shapeOf, unary } from './arithmetic.ts';
import { elements, known, type Graph, type Value } from './graph.ts';
import type { Attribute, Shape } from './messages.ts';
import type { Tape } from './tape.ts';

/**
 * Convolution of [n, h, w, in] by [side, side, in, out] with TensorFlow's SAME padding by zeros: the result is
 * h / stride high, and a stride of 2 pads even sides by one pixel less before than after. (Written with SAME and
 * VALID only: with explicit padding TensorFlow leaves the gradients to Eigen, several times slower than oneDNN.)
 */
export function convolve(tape: Tape, image: Value, weights: Value, stride: number): Value {
  return convolveWith('SAME', tape, [image, weights], stride);
}

/** Convolution whose zeros lie as in PyTorch: (side - 1) / 2 before. Sides must be multiples of the stride. */
export function convolveCentred(tape: Tape, image: Value, weights: Value, stride: number): Value {
  const before = (known(weights.shape, 0) - 1) / 2;
  // With a stride of 1 both conventions agree; a 1 x 1 kernel needs no padding.
  if (stride === 1 || before === 0) return convolve(tape, image, weights, stride);
  const padded = pad(tape, image, before, before - (stride - 1));
  return convolveWith('VALID', tape, [padded, weights], stride);
}

/** Convolution with a stride of 1 where the kernel lies within the image: the result is side - 1 smaller. */
export function convolveInside(tape: Tape, image: Value, weights: Value): Value {
  return convolveWith('VALID', tape, [image, weights], 1);
}

function convolveWith(
  padding: 'SAME' | 'VALID',
  tape: Tape,
  [image, weights]: readonly [Value, Value],
  stride: number,
): Value {
  const { graph } = tape;
  const [batch = null] = image.shape;
  const attributes = {
    T: { type: image.type },
    strides: { integers: [1, stride, stride, 1] },
    dilations: { integers: [1, 1, 1, 1] },
    padding: { text: padding },
    data_format: { text: 'NHWC' },
  };
  const covered = padding === 'SAME' ? 0 : known(weights.shape, 0) - 1;
  const side = (dimension: number): number => Math.ceil((known(image.shape, dimension) - covered) / stride);
  const shape: Shape = [batch, side(1), side(2), known(weights.shape, 3)];
  const result = graph.typed('Conv2D', [image, weights], shape, attributes);
  return tape.record(result, [image, weights], (cotangent, [imageWanted]) => [
    imageWanted === true
      ? graph.node('Conv2DBackpropInput', [shapeOf(graph, image), weights, cotangent], {
          shape: image.shape,
          attributes,
        })
      : undefined,
    graph.node('Conv2DBackpropFilter', [image, graph.integers(weights.shape.map(Number)), cotangent], {
      shape: weights.shape,
      attributes,
    }),
  ]);
}

/** Zeros around the pixels. */
function pad(tape: Tape, image: Value, before: number, after: number): Value {
  const { graph } = tape;
  const [batch = null, height, width, channels = null] = image.shape;
  const edges = reshape(graph, graph.integers([0, 0, before, after, before, after, 0, 0]), [4, 2]);
  const larger = before + after;
  const shape: Shape = [batch, Number(height) + larger, Number(width) + larger, channels];
  const result = graph.typed('Pad', [image, edges], shape, { Tpaddings: { type: 'int32' } });
  return tape.record(result, [image], (cotangent) => {
    const begin = graph.integers([0, before, before, 0]);
    const inputs = [cotangent, begin, shapeOf(graph, image)] as const;
    return [graph.typed('Slice', inputs, image.shape, { Index: { type: 'int32' } })];
  });
}

/** The sides of an image after a stride. */
export function downsampled(shape: Shape, stride: number): [number, number] {
  return [Math.ceil(known(shape, 1) / stride), Math.ceil(known(shape, 2) / stride)];
}

/** Adds a vector to the last dimension. */
export function addBias(tape: Tape, value: Value, bias: Value): Value {
  const attributes = { data_format: { text: 'NHWC' } };
  const result = tape.graph.typed('BiasAdd', [value, bias], value.shape, attributes);
  return tape.record(result, [value, bias], (cotangent) => [
    cotangent,
    tape.graph.typed('BiasAddGrad', [cotangent], bias.shape, attributes),
  ]);
}

export function relu(tape: Tape, value: Value): Value {
  const result = tape.graph.typed('Relu', [value], value.shape);
  return tape.record(result, [value], (cotangent) => [
    tape.graph.typed('ReluGrad', [cotangent, result], value.shape),
  ]);
}

/** Maximum over 3 x 3 windows with a stride of 2; the edges are padded by one, as in PyTorch. Needs values >= 0. */
export function maxPool(tape: Tape, value: Value): Value {
  const padding = { text: 'EXPLICIT' };
  const explicit_paddings = { integers: [0, 0, 1, 1, 1, 1, 0, 0] };
  return maxPoolWith(tape, value, 3, { padding, explicit_paddings });
}

/** Maximum over squares of 2 x 2 pixels beside one another. Sides must be even. */
export function maxPoolSquares(tape: Tape, value: Value): Value {
  return maxPoolWith(tape, value, 2, { padding: { text: 'VALID' } });
}

function maxPoolWith(
  tape: Tape,
  value: Value,
  side: number,
  padding: Readonly<Record<string, Attribute>>,
): Value {
  const { graph } = tape;
  const [batch = null, , , channels = null] = value.shape;
  const attributes = {
    ksize: { integers: [1, side, side, 1] },
    strides: { integers: [1, 2, 2, 1] },
    ...padding,
    data_format: { text: 'NHWC' },
  };
  const shape: Shape = [batch, ...downsampled(value.shape, 2), channels];
  const result = graph.typed('MaxPool', [value], shape, attributes);
  return tape.record(result, [value], (cotangent) => [
    graph.typed('MaxPoolGrad', [value, result, cotangent], value.shape, attributes),
  ]);
}

/** The mean over the pixels: [n, h, w, c] to [n, c]. */
export function meanOverPixels(tape: Tape, image: Value): Value {
  const { graph } = tape;
  const [batch = null, height, width, channels = null] = image.shape;
  const result = reduce(graph, 'Mean', image, [1, 2]);
  return tape.record(result, [image], (cotangent) => {
    const share = binary(graph, 'Mul', [cotangent, graph.scalar(1 / (Number(height) * Number(width)))]);
    const pixel = reshape(graph, share, [batch, 1, 1, channels]);
    const attributes = { Tidx: { type: 'int32' } } as const;
    return [graph.typed('BroadcastTo', [pixel, shapeOf(graph, image)], image.shape, attributes)];
  });
}

export function add(tape: Tape, left: Value, right: Value): Value {
  const result = binary(tape.graph, 'AddV2', [left, right]);
  return tape.record(result, [left, right], (cotangent) => [cotangent, cotangent]);
}

/** Elementwise product of two values of one shape. */
export function multiply(tape: Tape, left: Value, right: Value): Value {
  const { graph } = tape;
  const result = binary(graph, 'Mul', [left, right]);
  return tape.record(result, [left, right], (cotangent) => [
    binary(graph, 'Mul', [cotangent, right]),
    binary(graph, 'Mul', [cotangent, left]),
  ]);
}

/** @param factor a constant whose shape extends to that of the value */
export function multiplyBy(tape: Tape, value: Value, factor: Value): Value {
  const { graph } = tape;
  const result = binary(graph, 'Mul', [value, factor]);
  return tape.record(result, [value], (cotangent) => [binary(graph, 'Mul', [cotangent, factor])]);
}

export function matrixProduct(tape: Tape, left: Value, right: Value): Value {
  const { graph } = tape;
  const result = multiplyMatrices(graph, [left, right]);
  return tape.record(result, [left, right], (cotangent) => [
    multiplyMatrices(graph, [cotangent, right], { right: true }),
    multiplyMatrices(graph, [left, cotangent], { left: true }),
  ]);
}

export function tanh(tape: Tape, value: Value): Value {
  const result = tape.graph.typed('Tanh', [value], value.shape);
  return tape.record(result, [value], (cotangent) => [
    tape.graph.typed('TanhGrad', [result, cotangent], value.shape),
  ]);
}

export function sigmoid(tape: Tape, value: Value): Value {
  const result = tape.graph.typed('Sigmoid', [value], value.shape);
  return tape.record(result, [value], (cotangent) => [
    tape.graph.typed('SigmoidGrad', [result, cotangent], value.shape),
  ]);
}

export function withShape(tape: Tape, value: Value, shape: Shape): Value {
  const result = reshape(tape.graph, value, shape);
  return tape.record(result, [value], (cotangent) => [reshape(tape.graph, cotangent, value.shape)]);
}

/** Multiplies every output channel of convolution weights [h, w, in, out] by its gain. */
export function scaleChannels(tape: Tape, weights: Value, gain: Value): Value {
  const { graph } = tape;
  const result = binary(graph, 'Mul', [weights, gain]);
  return tape.record(result, [weights, gain], (cotangent) => [
    binary(graph, 'Mul', [cotangent, gain]),
    reduce(graph, 'Sum', binary(graph, 'Mul', [cotangent, weights]), [0, 1, 2]),
  ]);
}

/**
 * Scaled weight standardization (Brock et al., 2021): every output channel's weights get mean 0 and, over its F
 * inputs, a sum of squares of 1 times the gain. This normalises a convolution without any statistics of the pixels.
 * `w' = gain * c / sqrt(|c|^2 + 1e-4)`, c = w - mean(w).
 */
export function standardizeWeights(tape: Tape, weights: Value, gain: Value): Value {
  const { graph } = tape;
  const channels = known(weights.shape, 3);
  const fan = elements(weights.shape) / channels;
  const matrix = reshape(graph, weights, [fan, channels]);
  const centred = (value: Value): Value =>
    binary(graph, 'Sub', [value, reduce(graph, 'Mean', value, [0], true)]);
  const deviations = centred(matrix);
  const squares = reduce(graph, 'Sum', unary(graph, 'Square', deviations), [0]);
  const inverse = unary(graph, 'Rsqrt', binary(graph, 'AddV2', [squares, graph.scalar(1e-4)]));
  const scale = binary(graph, 'Mul', [inverse, gain]);
  const result = reshape(graph, binary(graph, 'Mul', [deviations, scale]), weights.shape);
  return tape.record(result, [weights, gain], (cotangent) => {
    const flat = reshape(graph, cotangent, [fan, channels]);
    const inner = reduce(graph, 'Sum', binary(graph, 'Mul', [flat, deviations]), [0]);
    const gainGradient = binary(graph, 'Mul', [inner, inverse]);
    const radial = binary(graph, 'Mul', [gainGradient, inverse]);
    const tangent = binary(graph, 'Sub', [flat, binary(graph, 'Mul', [deviations, radial])]);
    const scaled = binary(graph, 'Mul', [tangent, scale]);
    return [reshape(graph, centred(scaled), weights.shape), gainGradient];
  });
}

/** Softmax over the last dimension. */
export function softmax(tape: Tape, scores: Value): Value {
  const { graph } = tape;
  const result = graph.typed('Softmax', [scores], scores.shape);
  return tape.record(result, [scores], (cotangent) => [softmaxGradient(graph, result, cotangent)]);
}

/** The cotangent of the scores, from the softmax and its cotangent. */
export function softmaxGradient(graph: Graph, result: Value, cotangent: Value): Value {
  const last = result.shape.length - 1;
  const inner = reduce(graph, 'Sum', binary(graph, 'Mul', [cotangent, result]), [last], true);
  return binary(graph, 'Mul', [binary(graph, 'Sub', [cotangent, inner]), result]);
}
