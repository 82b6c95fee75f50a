/**
 * The encoders: tiles to embeddings, without statistics over tiles or pixels, so that a tile's embedding depends on
 * its pixels alone and a convolution is the same wherever the tile was cut.
 *
 * - `tiny`: four 3 x 3 convolutions with a stride of 2 and standardized weights, each followed by bias and ReLU.
 * - `resnet18`: the ResNet-18 of torchvision with frozen batch normalisation: a gain and a bias a channel after every
 *   convolution. ImageNet weights fold into it without change of the function.
 *
 * Both end with the mean over the pixels.
 */
import { binary, cast } from '../graph/arithmetic.ts';
import { known, type Graph, type Value } from '../graph/graph.ts';
import {
  add,
  addBias,
  convolve,
  convolveCentred,
  maxPool,
  meanOverPixels,
  multiplyBy,
  relu,
  scaleChannels,
  standardizeWeights,
} from '../graph/layers.ts';
import type { Tape } from '../graph/tape.ts';
import type { EncoderName } from './network.ts';
import { RESNET_CHANNELS, TINY_NAMES } from './parameters.ts';

/** A parameter by its name. */
export type Parameters = (name: string) => Value;

/** The embeddings [n, d] of centred tiles [n, size, size, 3]. */
export function encode(tape: Tape, encoder: EncoderName, parameters: Parameters, tiles: Value): Value {
  const features = encoder === 'tiny' ? tiny(tape, parameters, tiles) : resnet18(tape, parameters, tiles);
  return meanOverPixels(tape, features);
}

/**
 * Bytes to numbers around 0: x - 127.5. The rest of the normalisation, the division by 63.75 that gives values from
 * -2 to 2, is left to the first convolution's weights, which saves a pass over the pixels. It is the same for the
 * three colours, whose own means and deviations those weights take up as well.
 */
export function centre(graph: Graph, tiles: Value): Value {
  return binary(graph, 'Sub', [cast(graph, tiles, graph.floatType), graph.scalar(127.5)]);
}

const PIXEL_SCALE = 1 / 63.75;

function tiny(tape: Tape, parameters: Parameters, tiles: Value): Value {
  return TINY_NAMES.reduce((features, name) => {
    const weights = parameters(`encoder.${name}.conv.weight`);
    const standardized = standardizeWeights(tape, weights, parameters(`encoder.${name}.norm.weight`));
    const scaled = features === tiles ? multiplyBy(tape, standardized, PIXEL_SCALE) : standardized;
    const convolved = convolve(tape, features, scaled, 2);
    return relu(tape, addBias(tape, convolved, parameters(`encoder.${name}.norm.bias`)));
  }, tiles);
}

function resnet18(tape: Tape, parameters: Parameters, tiles: Value): Value {
  const convolveScaled = (image: Value, convolution: string, norm: string, stride: number): Value => {
    const gain = parameters(`encoder.${norm}.weight`);
    const scaled = scaleChannels(tape, parameters(`encoder.${convolution}.weight`), gain);
    const weights = image === tiles ? multiplyBy(tape, scaled, PIXEL_SCALE) : scaled;
    return addBias(tape, convolveCentred(tape, image, weights, stride), parameters(`encoder.${norm}.bias`));
  };
  let features = maxPool(tape, relu(tape, convolveScaled(tiles, 'conv1', 'bn1', 2)));
  for (const [layer, channels] of RESNET_CHANNELS.entries()) {
    for (const block of [0, 1]) {
      const name = `layer${layer + 1}.${block}`;
      const widens = known(features.shape, 3) !== channels;
      const stride = widens ? 2 : 1;
      const shortcut = widens
        ? convolveScaled(features, `${name}.downsample.0`, `${name}.downsample.1`, stride)
        : features;
      const first = relu(tape, convolveScaled(features, `${name}.conv1`, `${name}.bn1`, stride));
      const second = convolveScaled(first, `${name}.conv2`, `${name}.bn2`, 1);
      features = relu(tape, add(tape, second, shortcut));
    }
  }
  return features;
}
