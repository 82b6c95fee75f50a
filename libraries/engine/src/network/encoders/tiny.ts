/**
 * `tiny`: four 3 x 3 convolutions with a stride of 2 and standardized weights, each followed by bias and ReLU.
 *
 *     tiles [n, s, s, 3] ─stem─► [n, s/2, s/2, 16] ─stage1─► [n, s/4, s/4, 32]
 *                        ─stage2─► [n, s/8, s/8, 64] ─stage3─► [n, s/16, s/16, 128] ─mean over pixels─► [n, 128]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; the last number is that of the channels.
 */
import type { Value } from '../../graph/graph.ts';
import { addBias, convolve, meanOverPixels, relu, standardizeWeights } from '../../graph/layers.ts';
import { convolution } from '../parameter-specification.ts';
import type { Encoder } from './encoder.ts';
import { AROUND_ZERO } from './tiles.ts';

/** Channels after each convolution; each halves the sides. */
const LAYERS = [
  ['stem', 16],
  ['stage1', 32],
  ['stage2', 64],
  ['stage3', 128],
] as const;

/**
 * The gain that keeps the variance at 1 through a ReLU: sqrt(2 / (1 - 1 / pi)) (Brock et al., Characterizing signal
 * propagation to close the performance gap in unnormalized ResNets, 2021).
 */
const RELU_GAIN = Math.sqrt(2 / (1 - 1 / Math.PI));

export const tiny: Encoder = {
  revision: 1,
  embeddingSize: 128,
  normalisation: AROUND_ZERO,

  parameters() {
    return LAYERS.flatMap(([name, outputs], index) => {
      const inputs = LAYERS[index - 1]?.[1] ?? 3;
      const gain = index === 0 ? 1 : RELU_GAIN;
      return convolution(`encoder.${name}.conv`, `encoder.${name}.norm`, [3, inputs, outputs], gain);
    });
  },

  published: () => [],

  forward(tape, parameters, tiles) {
    const layer = (name: string, convolveBy: (weights: Value) => Value): Value => {
      const weights = parameters(`encoder.${name}.conv.weight`);
      const standardized = standardizeWeights(tape, weights, parameters(`encoder.${name}.norm.weight`));
      return relu(tape, addBias(tape, convolveBy(standardized), parameters(`encoder.${name}.norm.bias`)));
    };
    const [[stem], ...stages] = LAYERS;
    const features = stages.reduce(
      (image, [name]) => layer(name, (weights) => convolve(tape, image, weights, 2)),
      layer(stem, (weights) => tiles.convolve(convolve, weights, 2)),
    );
    return meanOverPixels(tape, features);
  },
};
