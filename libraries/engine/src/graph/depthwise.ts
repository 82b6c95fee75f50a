/** What networks for mobile devices are made of: convolutions of each channel alone, and ReLU6. Images are NHWC. */
import { reshape, shapeOf } from './arithmetic.ts';
import { known, type Value } from './graph.ts';
import { downsampled } from './layers.ts';
import type { Shape } from './messages.ts';
import type { Tape } from './tape.ts';

/**
 * Convolution of every channel of [n, h, w, c] by a kernel of its own, weights [side, side, 1, c], with TensorFlow's SAME
 * padding by zeros: the result is h / stride high, and a stride of 2 pads even sides by one pixel less before than after.
 */
export function convolveDepthwise(tape: Tape, image: Value, weights: Value, stride: number): Value {
  const { graph } = tape;
  const [batch = null, , , channels = null] = image.shape;
  const [side = null] = weights.shape;
  // TensorFlow has the channels before their multiplier, which is 1: the elements lie in the same order.
  const kernelShape: Shape = [side, side, channels, 1];
  const kernel = reshape(graph, weights, kernelShape);
  const attributes = {
    T: { type: image.type },
    strides: { integers: [1, stride, stride, 1] },
    dilations: { integers: [1, 1, 1, 1] },
    padding: { text: 'SAME' },
    data_format: { text: 'NHWC' },
  };
  const shape: Shape = [batch, ...downsampled(image.shape, stride), known(image.shape, 3)];
  const result = graph.typed('DepthwiseConv2dNative', [image, kernel], shape, attributes);
  return tape.record(result, [image, weights], (cotangent, [imageWanted]) => {
    const sizes = graph.integers(kernelShape.map(Number));
    const inputs = [image, sizes, cotangent] as const;
    const gradient = graph.typed('DepthwiseConv2dNativeBackpropFilter', inputs, kernelShape, attributes);
    return [
      imageWanted === true
        ? graph.node('DepthwiseConv2dNativeBackpropInput', [shapeOf(graph, image), kernel, cotangent], {
            shape: image.shape,
            attributes,
          })
        : undefined,
      reshape(graph, gradient, weights.shape),
    ];
  });
}

/** min(max(x, 0), 6). */
export function relu6(tape: Tape, value: Value): Value {
  const result = tape.graph.typed('Relu6', [value], value.shape);
  return tape.record(result, [value], (cotangent) => [
    tape.graph.typed('Relu6Grad', [cotangent, result], value.shape),
  ]);
}
