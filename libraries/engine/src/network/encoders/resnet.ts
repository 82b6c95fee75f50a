/**
 * `resnet18`, `resnet34` and `resnet50`: those of torchvision (He et al., 2016; the version 1.5, whose bottlenecks have the
 * stride in the 3 x 3 convolution) with frozen batch normalisation: a gain and a bias a channel after every convolution.
 * ImageNet weights fold into it without change of the function.
 *
 *     tiles [n, s, s, 3] ─conv1─► [n, s/2, s/2, 64] ─maxPool─► [n, s/4, s/4, 64] ─layer1─► [n, s/4, s/4, 64 e]
 *                        ─layer2─► [n, s/8, s/8, 128 e] ─layer3─► [n, s/16, s/16, 256 e]
 *                        ─layer4─► [n, s/32, s/32, 512 e] ─mean over pixels─► [n, 512 e]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; the last number is that of the channels; e is 1, or 4 with bottlenecks.
 */
import { type Value } from '../../graph/graph.ts';
import {
  add,
  addBias,
  convolveCentred,
  maxPool,
  meanOverPixels,
  relu,
  scaleChannels,
} from '../../graph/layers.ts';
import { AFTER_RELU, convolution } from '../parameter-specification.ts';
import type { Encoder } from './encoder.ts';
import { publishedConvolution, publishedNorm, type Conversion } from './published.ts';
import { IMAGENET } from './tiles.ts';

/** Widths of the four layers; layers 2 to 4 start with a stride of 2. */
const WIDTHS = [64, 128, 256, 512] as const;

/**
 * Neighbouring pixels and colours are alike, and kernels whose weights sum to 0 see their differences only: without a
 * larger gain, what passes would be small.
 */
const STEM_GAIN = 2;

/** PyTorch's default of batch normalisation. */
const EPSILON = 1e-5;

interface Block {
  readonly name: string;
  /** One after the other: side of the kernel, channels before and after it, stride. */
  readonly convolutions: readonly (readonly [
    side: number,
    inputs: number,
    outputs: number,
    stride: number,
  ])[];
  /** Whether the shortcut is a 1 x 1 convolution, because the shape changes. */
  readonly widens: boolean;
}

// Revision 1 had the normalisation of other encoders: grey at 0, the same for all colours.
export const resnet18 = { ...resnet([2, 2, 2, 2], false), revision: 2 };
export const resnet34 = resnet([3, 4, 6, 3], false);
export const resnet50 = resnet([3, 4, 6, 3], true);

/** @param depths blocks of each layer @param bottlenecks whether a block is 1 x 1, 3 x 3, 1 x 1 rather than two of 3 x 3 */
function resnet(depths: readonly number[], bottlenecks: boolean): Encoder {
  const blocks = blocksOf(depths, bottlenecks);
  return {
    revision: 1,
    embeddingSize: bottlenecks ? 2048 : 512,
    normalisation: IMAGENET,

    parameters() {
      const parameters = convolution('encoder.conv1', 'encoder.bn1', [7, 3, 64], STEM_GAIN, 0);
      for (const { name, convolutions, widens } of blocks) {
        // Without statistics, only the weights of branch and shortcut bound the variance. Where both are convolutions, each is
        // half of it. Elsewhere each of L blocks adds 1 / L (Hayou et al., Stable ResNet, 2021): no branch starts at 0, or the
        // first embeddings would depend on the pixels that strided shortcuts see, and on no other.
        const share = widens ? Math.SQRT1_2 : 1 / Math.sqrt(blocks.length);
        for (const [index, [side, inputs, outputs]] of convolutions.entries()) {
          const gain = index === convolutions.length - 1 ? AFTER_RELU * share : AFTER_RELU;
          const [conv, norm] = [`encoder.${name}.conv${index + 1}`, `encoder.${name}.bn${index + 1}`];
          parameters.push(...convolution(conv, norm, [side, inputs, outputs], gain, 0));
        }
        if (!widens) continue;
        const [conv, norm] = [`encoder.${name}.downsample.0`, `encoder.${name}.downsample.1`];
        parameters.push(...convolution(conv, norm, [1, ...ends(convolutions)], AFTER_RELU * share, 0));
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
      for (const { name, convolutions, widens } of blocks) {
        const stride = convolutions.reduce((product, [, , , own]) => product * own, 1);
        const shortcut = widens
          ? convolveScaled(features, `${name}.downsample.0`, `${name}.downsample.1`, stride)
          : features;
        let own = features;
        for (const [index, [, , , ownStride]] of convolutions.entries()) {
          if (index > 0) own = relu(tape, own);
          own = convolveScaled(own, `${name}.conv${index + 1}`, `${name}.bn${index + 1}`, ownStride);
        }
        features = relu(tape, add(tape, own, shortcut));
      }
      return meanOverPixels(tape, features);
    },

    published() {
      return [
        {
          by: 'torchvision and timm',
          conversions: this.parameters(0).flatMap(({ name, shape }) => conversionsOf(name, shape)),
          ignored: [/^fc\./],
        },
      ];
    },
  };
}

function blocksOf(depths: readonly number[], bottlenecks: boolean): readonly Block[] {
  let inputs = 64;
  return depths.flatMap((depth, layer) =>
    Array.from({ length: depth }, (_, index): Block => {
      const width = WIDTHS[layer]!;
      const outputs = bottlenecks ? 4 * width : width;
      const stride = layer > 0 && index === 0 ? 2 : 1;
      const block: Block = {
        name: `layer${layer + 1}.${index}`,
        convolutions: bottlenecks
          ? [
              [1, inputs, width, 1],
              [3, width, width, stride],
              [1, width, outputs, 1],
            ]
          : [
              [3, inputs, width, stride],
              [3, width, width, 1],
            ],
        widens: inputs !== outputs,
      };
      inputs = outputs;
      return block;
    }),
  );
}

/** Channels before and after a block. */
function ends(convolutions: Block['convolutions']): [number, number] {
  return [convolutions[0]![1], convolutions.at(-1)![2]];
}

/** The names are torchvision's with a prefix, so every convolution and its normalisation is under its own name. */
function conversionsOf(name: string, [side, , inputs, outputs]: readonly number[]): Conversion[] {
  if (side === undefined || inputs === undefined || outputs === undefined) return [];
  const published = name.slice('encoder.'.length);
  const norm = normOf(published);
  return [
    publishedConvolution(name, published, [side, inputs, outputs]),
    ...publishedNorm(`encoder.${norm}`, norm, { channels: outputs, epsilon: EPSILON }),
  ];
}

/** `layer1.0.conv2.weight` to `layer1.0.bn2`, `layer2.0.downsample.0.weight` to `layer2.0.downsample.1`. */
function normOf(convolutionName: string): string {
  const layer = convolutionName.slice(0, -'.weight'.length);
  return layer.endsWith('downsample.0') ? layer.replace(/0$/, '1') : layer.replace(/conv(\d)$/, 'bn$1');
}
