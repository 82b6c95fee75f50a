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
import { hwio, publishedConvolution, publishedNorm, type Conversion } from './published.ts';
import { AROUND_ZERO, type Normalisation } from './tiles.ts';

/** Channels of the four layers; layers 2 to 4 start with a stride of 2. */
const CHANNELS = [64, 128, 256, 512] as const;

/** What torchvision's weights were trained with. */
const IMAGENET: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const EPSILON = 1e-5;

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

  published: () => [{ by: 'torchvision and timm', conversions: conversions(), ignored: [/^fc\./] }],
};

/** The names are torchvision's with a prefix, so every convolution and its normalisation is under its own name. */
function conversions(): Conversion[] {
  return resnet18.parameters().flatMap(({ name, shape }): Conversion[] => {
    const [side, , inputs, outputs] = shape;
    if (side === undefined || inputs === undefined || outputs === undefined) return [];
    const convolution = name.slice('encoder.'.length);
    const norm = normOf(convolution);
    const folded = publishedNorm(`encoder.${norm}`, norm, { channels: outputs, epsilon: EPSILON });
    return convolution === 'conv1.weight'
      ? stem(folded)
      : [publishedConvolution(name, convolution, [side, inputs, outputs]), ...folded];
  });
}

/** `layer1.0.conv2.weight` to `layer1.0.bn2`, `layer2.0.downsample.0.weight` to `layer2.0.downsample.1`. */
function normOf(convolution: string): string {
  const layer = convolution.slice(0, -'.weight'.length);
  return layer.endsWith('downsample.0') ? layer.replace(/0$/, '1') : layer.replace(/conv(\d)$/, 'bn$1');
}

/**
 * The first convolution takes up ImageNet's normalisation: in terms of our u = (x - mean') / std',
 *
 *     (x - mean) / std = u std' / std + (mean' - mean) / std
 *
 * whose first term goes to the weights and the second, summed over the kernel, to the bias. The edge of a tile is another
 * matter: torchvision pads with the mean colour, and this with grey, in the three outermost pixels.
 */
function stem([gain, bias]: readonly Conversion[]): Conversion[] {
  const kernel = publishedConvolution('encoder.conv1.weight', 'conv1.weight', [7, 3, 64]);
  return [
    {
      ...kernel,
      convert: (weights) => {
        const values = hwio(weights);
        return values.map((value, index) => value * factor(colour(index)));
      },
    },
    gain!,
    {
      ...bias!,
      from: [...bias!.from, ...kernel.from],
      convert: (...tensors) => {
        const scales = gain!.convert(tensors[0]!, tensors[1]!);
        const shifts = new Float64Array(64);
        for (const [index, value] of hwio(tensors[4]!).entries()) {
          shifts[index % 64]! += value * shift(colour(index));
        }
        return bias!.convert(...tensors).map((value, channel) => value + shifts[channel]! * scales[channel]!);
      },
    },
  ];
}

function factor(of: number): number {
  return AROUND_ZERO.std[of]! / IMAGENET.std[of]!;
}

function shift(of: number): number {
  return (AROUND_ZERO.mean[of]! - IMAGENET.mean[of]!) / IMAGENET.std[of]!;
}

/** Of an element of [7, 7, 3, 64]. */
function colour(index: number): number {
  return Math.floor(index / 64) % 3;
}
