/** The bags that are computed: tiles with texture, and parameters close to those that a run begins with. */
import { embeddingSize, initialParameters, parameterLayout, type TileNetwork } from '@wsi-operator/engine';
import { exampleTiles, randomVector } from '@wsi-operator/engine/testing/example-bag';

const SEED = 1;
/** Of gains, which begin at 0 or 1, and biases, which begin at 0. */
const CHANGE = 0.1;

export interface CheckedBag {
  /** Flat, float32 [layout.length]. */
  readonly parameters: Float32Array;
  /** Bytes [n, size, size, 3]. */
  readonly tiles: Uint8Array;
  readonly n: number;
  /** dL/dz, [d]. */
  readonly bagGradient: Float32Array;
}

/** The same in every process. */
export function checkedBag(network: TileNetwork, n: number): CheckedBag {
  return {
    parameters: checkedParameters(network),
    tiles: exampleTiles(network.tileSize, n, SEED),
    n,
    bagGradient: randomVector(embeddingSize(network), SEED + 1),
  };
}

/**
 * The first parameters put flat areas of a tile exactly where a ReLU bends: rounding alone would decide there whether a gradient
 * passes. Other gains and biases move them away.
 */
function checkedParameters(network: TileNetwork): Float32Array {
  const parameters = initialParameters(network, SEED);
  const change = randomVector(parameters.length, SEED + 2);
  for (const { shape, offset, length } of parameterLayout(network).tensors) {
    if (shape.length > 1) continue;
    for (let index = offset; index < offset + length; index++) parameters[index]! += CHANGE * change[index]!;
  }
  return parameters;
}
