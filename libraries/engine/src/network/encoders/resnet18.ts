/**
 * `resnet18`: the ResNet-18 of torchvision with frozen batch normalisation: a gain and a bias a channel after every
 * convolution. ImageNet weights fold into it without change of the function.
 *
 *     tiles [n, s, s, 3] ─conv1─► [n, s/2, s/2, 64] ─maxPool─► [n, s/4, s/4, 64] ─layer1─► [n, s/4, s/4, 64]
 *                        ─layer2─► [n, s/8, s/8, 128] ─layer3─► [n, s/16, s/16, 256] ─layer4─► [n, s/32, s/32, 512]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; the last number is that of the channels.
 */
import { known, type Value } from '../../graph/graph.ts';
import { add, addBias, convolveCentred, maxPool, relu, scaleChannels } from '../../graph/layers.ts';
import { convolution } from '../parameter-specification.ts';
import type { Encoder } from './encoder.ts';
import { AROUND_ZERO } from './tiles.ts';

/** Channels of the four layers; layers 2 to 4 start with a stride of 2. */
const CHANNELS = [64, 128, 256, 512] as const;

export const resnet18: Encoder = {
  embeddingSize: 512,
  normalisation: AROUND_ZERO,

  parameters() {
    // The stem's input has no ReLU before it, so half of He's variance keeps the scale.
    const parameters = convolution('encoder.conv1', 'encoder.bn1', [7, 3, 64], Math.SQRT1_2);
    let inputs = 64;
    for (const [layer, outputs] of CHANNELS.entries()) {
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
  },

  forward(tape, parameters, tiles) {
    const scaled = (name: string, norm: string): Value =>
      scaleChannels(tape, parameters(`encoder.${name}.weight`), parameters(`encoder.${norm}.weight`));
    const convolveScaled = (image: Value, name: string, norm: string, stride: number): Value => {
      const convolved = convolveCentred(tape, image, scaled(name, norm), stride);
      return addBias(tape, convolved, parameters(`encoder.${norm}.bias`));
    };
    const stem = tiles.convolve(convolveCentred, scaled('conv1', 'bn1'), 2);
    let features = maxPool(tape, relu(tape, addBias(tape, stem, parameters('encoder.bn1.bias'))));
    for (const [layer, channels] of CHANNELS.entries()) {
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
  },
};
