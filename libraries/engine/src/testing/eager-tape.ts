/**
 * Support for tests: the `tiny` body with attention written again with tfjs operations, and differentiated by tfjs'
 * own tape. It shares no code with the engine's graphs and gradients. Run as a process of its own:
 * one message in (network, bag, bagGradient), one out (z and the flat gradient of <bagGradient, z>).
 */
import { createRequire } from 'node:module';
import util from 'node:util';
import type * as TensorFlow from '@tensorflow/tfjs';
import type { TileNetwork } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import type { WholeBag } from './whole-bag.ts';

export interface EagerTapeRequest {
  readonly network: TileNetwork;
  readonly bag: WholeBag;
  readonly bagGradient: Float32Array;
}

export interface EagerTapeAnswer {
  readonly bagEmbedding: Float32Array;
  readonly gradient: Float32Array;
}

// tfjs-node calls two functions of node:util that newer versions of Node no longer have.
Object.assign(util, {
  isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  isArray: Array.isArray,
});
const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node') as typeof TensorFlow;

process.once('message', (request: EagerTapeRequest) => {
  process.send!(wholeBag(request), () => process.disconnect());
});

function wholeBag({ network, bag, bagGradient }: EagerTapeRequest): EagerTapeAnswer {
  const { tensors } = parameterLayout(network);
  const values = tensors.map(({ shape, offset, length }) =>
    tf.tensor(bag.parameters.slice(offset, offset + length), [...shape]),
  );
  const embed = (...current: TensorFlow.Tensor[]): TensorFlow.Tensor => {
    const byName = new Map(tensors.map(({ name }, index) => [name, current[index]!]));
    return bagEmbedding((name) => byName.get(name)!, bag, network.tileSize);
  };
  const gradients = tf.grads((...current) =>
    embed(...current)
      .mul(tf.tensor1d(bagGradient))
      .sum(),
  )(values);
  const gradient = tf.concat(gradients.map((value) => value.flatten())).dataSync() as Float32Array;
  return { bagEmbedding: embed(...values).dataSync() as Float32Array, gradient };
}

function bagEmbedding(
  parameter: (name: string) => TensorFlow.Tensor,
  { tiles, n }: WholeBag,
  size: number,
): TensorFlow.Tensor {
  let image = tf.tensor4d(
    Float32Array.from(tiles, (byte) => byte / 63.75 - 2),
    [n, size, size, 3],
  );
  for (const block of ['stem', 'stage1', 'stage2', 'stage3']) {
    const weights = parameter(`encoder.${block}.conv.weight`);
    const centred = weights.sub(weights.mean([0, 1, 2], true));
    const length = centred.square().sum([0, 1, 2], true).add(1e-4).sqrt();
    const kernel: TensorFlow.Tensor4D = centred.div(length).mul(parameter(`encoder.${block}.norm.weight`));
    image = tf
      .conv2d(image, kernel, 2, 'same')
      .add(parameter(`encoder.${block}.norm.bias`))
      .relu();
  }
  const embeddings: TensorFlow.Tensor2D = image.mean([1, 2]);
  const layer = (name: string): TensorFlow.Tensor =>
    tf.matMul(embeddings, parameter(`attention.${name}.weight`)).add(parameter(`attention.${name}.bias`));
  const scores = tf.matMul(layer('V').tanh().mul(layer('U').sigmoid()), parameter('attention.score.weight'));
  return tf.matMul(tf.softmax(scores.reshape([1, n])), embeddings).flatten();
}
