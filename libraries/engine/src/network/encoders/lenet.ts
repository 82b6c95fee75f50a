/**
 * `lenet`: the LeNet of Ilse, Tomczak and Welling (Attention-based deep multiple instance learning, 2018) for bags of MNIST,
 * for three colours. On a tile of 28 pixels it is theirs: the fully connected layer is a 4 x 4 convolution, which has one
 * place there. On a larger tile it is theirs at every place 4 pixels further, and the embedding is the mean of the places.
 *
 *     tiles [n, s, s, 3] ─conv1─► [n, s-4, s-4, 20] ─maxPool─► [n, s/2-2, s/2-2, 20] ─conv2─► [n, s/2-6, s/2-6, 50]
 *                        ─maxPool─► [n, s/4-3, s/4-3, 50] ─fc─► [n, s/4-6, s/4-6, 500] ─mean over pixels─► [n, 500]
 *
 * Shapes: n tiles of a shard; s pixels a side of a tile; the last number is that of the channels.
 */
import type { Value } from '../../graph/graph.ts';
import { addBias, convolveInside, maxPoolSquares, meanOverPixels, relu } from '../../graph/layers.ts';
import type { ParameterSpecification } from '../parameter-specification.ts';
import type { Encoder } from './encoder.ts';
import { AROUND_ZERO } from './tiles.ts';

/** Side of the kernel, channels before and after it. */
const LAYERS = [
  ['conv1', 5, 3, 20],
  ['conv2', 5, 20, 50],
  ['fc', 4, 50, 500],
] as const;

export const lenet: Encoder = {
  revision: 1,
  embeddingSize: 500,
  normalisation: AROUND_ZERO,

  parameters() {
    return LAYERS.flatMap(([name, side, inputs, outputs], index): ParameterSpecification[] => {
      // He's variance; half of it where no ReLU comes before.
      const deviation = Math.sqrt((index === 0 ? 1 : 2) / (side * side * inputs));
      return [
        {
          name: `encoder.${name}.weight`,
          shape: [side, side, inputs, outputs],
          decay: true,
          initial: { deviation },
        },
        { name: `encoder.${name}.bias`, shape: [outputs], decay: false, initial: { constant: 0 } },
      ];
    });
  },

  forward(tape, parameters, tiles) {
    const weights = (name: string): Value => parameters(`encoder.${name}.weight`);
    const activate = (name: string, convolved: Value): Value =>
      relu(tape, addBias(tape, convolved, parameters(`encoder.${name}.bias`)));
    const first = activate('conv1', tiles.convolve(convolveInside, weights('conv1'), 1));
    const pooled = maxPoolSquares(tape, first);
    const second = activate('conv2', convolveInside(tape, pooled, weights('conv2')));
    const last = convolveInside(tape, maxPoolSquares(tape, second), weights('fc'));
    return meanOverPixels(tape, activate('fc', last));
  },

  published: () => [],
};
